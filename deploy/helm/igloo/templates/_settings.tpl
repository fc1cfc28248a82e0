{{/* The settings of a service: what the chart knows, with .Values.<component>.settings over it. */}}
{{- define "igloo.settings" -}}
{{- $computed := include (printf "igloo.settings.%s" .component) . | fromYaml -}}
{{- if hasKey $computed "Error" }}{{ fail $computed.Error }}{{ end -}}
{{- $all := mustMergeOverwrite $computed (include "igloo.settings.shared" . | fromYaml) (deepCopy (index .root.Values .component).settings) -}}
{{- range $key, $value := $all -}}
{{ $key }}: {{ mustToRawJson $value }}
{{ end -}}
{{- end -}}

{{- define "igloo.settings.shared" -}}
{{- $values := .root.Values -}}
{{- $auth := $values.auth -}}
log-format: json
log-level: {{ $values.logLevel }}
drain-delay: {{ $values.drainSeconds }}s
{{- if $auth.allowUnauthenticated }}
allow-unauthenticated: true
{{- else }}
{{- if not (or $auth.kubernetes $values.tls.mutual) }}
{{- fail "the services have to prove who they are to one another: set auth.kubernetes or tls.mutual" }}
{{- end }}
{{- if and (has $values.authorization.mode (list "" "grants")) (not $values.authorization.admins) }}
{{- fail "authorization.admins has to name somebody, who gives others their first grants" }}
{{- end }}
trusted-service: [{{ include "igloo.principal" (dict "root" .root "component" (ternary "housetable" "catalog" (eq .component "catalog"))) | quote }}]
auth-audience: {{ mustToRawJson $auth.audiences }}
auth-groups-claim: {{ $auth.groupsClaim }}
{{- with $auth.issuers }}
auth-issuer:
{{- range . }}
  - {{ printf "%s=%s" .name .url | quote }}
{{- end }}
{{- end }}
{{- if $auth.kubernetes }}
auth-kubernetes: true
{{- end }}
{{- end }}
{{- with $values.authorization.mode }}
authorization: {{ . }}
{{- end }}
{{- with $values.authorization.admins }}
admin: {{ mustToRawJson . }}
{{- end }}
{{- if $values.authorization.policies.configMap }}
authorization-policies: /etc/igloo/policies/{{ $values.authorization.policies.key }}
{{- end }}
{{- if $values.sealKeys.existingSecret }}
seal-keys-file: /etc/igloo/seal-keys/{{ $values.sealKeys.key }}
{{- end }}
{{- if $values.tls.enabled }}
tls-cert-file: /etc/igloo/tls/tls.crt
tls-key-file: /etc/igloo/tls/tls.key
{{- if $values.tls.mutual }}
tls-client-ca-file: /etc/igloo/tls/ca.crt
{{- end }}
{{- end }}
{{- end -}}

{{- define "igloo.settings.catalog" -}}
{{- $values := .root.Values -}}
listen: ":8181"
internal-listen: ":8184"
housetable: {{ printf "%s:8182" (include "igloo.name" (dict "root" .root "component" "housetable")) }}
warehouse-root: {{ required "warehouse.root is needed, like s3://bucket/warehouse" $values.warehouse.root | quote }}
{{- with $values.warehouse.allowedRoots }}
allowed-roots: {{ mustToRawJson . }}
{{- end }}
commit-deadline: {{ $values.catalog.commitDeadlineSeconds }}s
{{- include "igloo.calling" (dict "root" .root "component" .component "to" "housetable") }}
{{- end -}}

{{- define "igloo.settings.housetable" -}}
grpc-listen: ":8182"
http-listen: ":8183"
database-connections: {{ .root.Values.database.connections }}
database-pooler: {{ .root.Values.database.pooler }}
prober: {{ printf "%s-internal:8184" (include "igloo.name" (dict "root" .root "component" "catalog")) }}
{{- include "igloo.calling" (dict "root" .root "component" .component "to" "prober") }}
{{- end -}}

{{/* How a service calls the other one, whose name is "to" in its settings. */}}
{{- define "igloo.calling" -}}
{{- $values := .root.Values -}}
{{- $callee := ternary "housetable" "catalog" (eq .to "housetable") -}}
{{- if $values.tls.enabled }}
{{ .to }}-tls-ca-file: /etc/igloo/tls/ca.crt
{{ .to }}-tls-server-name: {{ (index $values.tls $callee).name }}
{{- if $values.tls.mutual }}
{{ .to }}-tls-cert-file: /etc/igloo/tls/tls.crt
{{ .to }}-tls-key-file: /etc/igloo/tls/tls.key
{{- end }}
{{- end }}
{{- if and (include "igloo.token" .root) (not $values.tls.mutual) }}
{{ .to }}-token-file: /var/run/secrets/igloo/token
{{- end }}
{{- end -}}

{{/* Whether services show one another tokens of the cluster. */}}
{{- define "igloo.token" -}}
{{- if and .Values.auth.kubernetes (not .Values.auth.allowUnauthenticated) (not .Values.tls.mutual) }}yes{{ end -}}
{{- end -}}
