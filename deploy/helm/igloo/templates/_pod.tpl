{{- define "igloo.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "igloo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* How long a pod may take to end: until nobody sends to it any more, until the last
     commit is answered, and a margin. */}}
{{- define "igloo.grace" -}}
{{- add .Values.drainSeconds (max .Values.catalog.commitDeadlineSeconds 30) 30 -}}
{{- end -}}

{{/* What Go may use: nine tenths of the memory limit, before it would be killed, and as
     many processors as are asked for, in whole ones. It would take those of the node
     for its own, and spend on keeping them all awake. */}}
{{- define "igloo.runtime" -}}
{{- $limit := .limits.memory -}}
{{- $mi := ternary (mul (trimSuffix "Gi" $limit | int) 1024) (trimSuffix "Mi" $limit | int) (hasSuffix "Gi" $limit) -}}
- name: GOMEMLIMIT
  value: {{ div (mul $mi 9) 10 }}MiB
- name: GOMAXPROCS
  valueFrom:
    resourceFieldRef: {resource: requests.cpu}
{{- end -}}

{{- define "igloo.databaseURL" -}}
- name: IGLOO_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "database.existingSecret is needed: a Secret with the URL of Postgres" .Values.database.existingSecret }}
      key: {{ .Values.database.key }}
{{- end -}}

{{- define "igloo.databaseURLs" -}}
{{ include "igloo.databaseURL" . }}
{{- with .Values.database.standbyKey }}
- name: IGLOO_DATABASE_STANDBY
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.database.existingSecret }}
      key: {{ . }}
{{- end }}
{{- end -}}

{{/* The container's probes and ports; scheme and port are those of the service. */}}
{{- define "igloo.probes" -}}
{{- $scheme := ternary "HTTPS" "HTTP" .root.Values.tls.enabled -}}
startupProbe:
  httpGet: {path: /startedz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: http, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{- define "igloo.mounts" -}}
- {name: settings, mountPath: /etc/igloo/settings, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if include "igloo.token" .root }}
- {name: token, mountPath: /var/run/secrets/igloo, readOnly: true}
{{- end }}
{{- if .root.Values.tls.enabled }}
- {name: tls, mountPath: /etc/igloo/tls, readOnly: true}
{{- end }}
{{- if .root.Values.sealKeys.existingSecret }}
- {name: seal-keys, mountPath: /etc/igloo/seal-keys, readOnly: true}
{{- end }}
{{- if .root.Values.authorization.policies.configMap }}
- {name: policies, mountPath: /etc/igloo/policies, readOnly: true}
{{- end }}
{{- with (index .root.Values .component).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "igloo.volumes" -}}
- name: settings
  configMap:
    name: {{ include "igloo.name" . }}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if include "igloo.token" .root }}
- name: token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ first .root.Values.auth.audiences }}
          expirationSeconds: 3600
{{- end }}
{{- if .root.Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ required (printf "tls.%s.existingSecret is needed where tls.enabled" .component) (index .root.Values.tls .component).existingSecret }}
    defaultMode: 0440
{{- end }}
{{- with .root.Values.sealKeys.existingSecret }}
- name: seal-keys
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .root.Values.authorization.policies.configMap }}
- name: policies
  configMap:
    name: {{ . }}
{{- end }}
{{- with (index .root.Values .component).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "igloo.scheduling" -}}
{{- $own := index .root.Values .component -}}
topologySpreadConstraints:
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $own.topologySpread }}
    labelSelector:
      matchLabels:
        {{- include "igloo.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- include "igloo.placement" $own }}
{{- end -}}

{{- define "igloo.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* The Deployment of a service; "env" is what is its own in the environment, "ports" of its ports. */}}
{{- define "igloo.deployment" -}}
{{- $own := index .root.Values .component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "igloo.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "igloo.labels" . | nindent 4 }}
spec:
  {{- if not $own.autoscaling.enabled }}
  replicas: {{ $own.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  minReadySeconds: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "igloo.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "igloo.labels" . | nindent 8 }}
        {{- with $own.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ include "igloo.settings" . | sha256sum }}
        {{- with $own.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "igloo.serviceAccount" . }}
      automountServiceAccountToken: {{ .root.Values.auth.kubernetes }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ include "igloo.grace" .root }}
      securityContext:
        {{- include "igloo.podSecurity" . | nindent 8 }}
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "igloo.scheduling" . | nindent 6 }}
      containers:
        - name: {{ .component }}
          image: {{ include "igloo.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: [serve, --config, /etc/igloo/settings/{{ .component }}.yaml]
          env:
            {{- include "igloo.runtime" $own.resources | nindent 12 }}
            {{- .env | nindent 12 }}
            {{- with $own.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $own.envFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            {{- .ports | nindent 12 }}
          {{- include "igloo.probes" . | nindent 10 }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          securityContext:
            {{- include "igloo.containerSecurity" . | nindent 12 }}
          volumeMounts:
            {{- include "igloo.mounts" . | nindent 12 }}
      volumes:
        {{- include "igloo.volumes" . | nindent 8 }}
{{- end -}}
