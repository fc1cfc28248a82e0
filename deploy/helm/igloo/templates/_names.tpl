{{/* What things are called. A release named igloo has igloo-catalog, not igloo-igloo-catalog. */}}
{{- define "igloo.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The functions below take a dict of the root and a component: catalog, housetable or migrate. */}}
{{- define "igloo.name" -}}
{{- printf "%s-%s" (include "igloo.fullname" .root) .component -}}
{{- end -}}

{{- define "igloo.selector" -}}
app.kubernetes.io/name: igloo
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "igloo.labels" -}}
{{ include "igloo.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "igloo.serviceAccount" -}}
{{- (index .root.Values .component).serviceAccount.name | default (include "igloo.name" .) -}}
{{- end -}}

{{- define "igloo.image" -}}
{{- $image := .root.Values.image -}}
{{- $program := ternary "housetable" .component (eq .component "migrate") -}}
{{- $digest := index $image.digests $program -}}
{{- $name := printf "%s/%s:%s" $image.registry $program ($image.tag | default .root.Chart.AppVersion) -}}
{{- ternary (printf "%s@%s" $name $digest) $name (ne $digest "") -}}
{{- end -}}

{{/* Who a service is to the other one, as histories name callers. */}}
{{- define "igloo.principal" -}}
{{- if .root.Values.tls.mutual -}}
cert:{{ (index .root.Values.tls .component).name }}
{{- else -}}
kubernetes:system:serviceaccount:{{ .root.Release.Namespace }}:{{ include "igloo.serviceAccount" . }}
{{- end -}}
{{- end -}}
