{{- define "registry.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "registry.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "registry.labels" -}}
{{ include "registry.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "registry.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "registry.databaseHost" -}}
{{- if .Values.postgres.enabled }}{{ include "registry.name" . }}-postgres-rw{{ else }}{{ .Values.database.host }}{{ end }}
{{- end }}

{{- define "registry.databaseCa" -}}
{{- if .Values.postgres.enabled }}{{ include "registry.name" . }}-postgres-ca{{ else }}{{ .Values.database.ca.secret }}{{ end }}
{{- end }}

{{/* The URL without the password, which is in PGPASSWORD. Arguments: the context and the role. */}}
{{- define "registry.databaseUrl" -}}
{{- $root := .root -}}
{{- $parameters := compact (list $root.Values.database.parameters (ternary "sslrootcert=/etc/registry/database/ca.crt" "" (ne (include "registry.databaseCa" $root) ""))) -}}
postgresql://{{ .role.name }}@{{ include "registry.databaseHost" $root }}:{{ $root.Values.database.port }}/{{ $root.Values.database.name }}{{ if $parameters }}?{{ join "&" $parameters }}{{ end }}
{{- end }}

{{- define "registry.databaseEnv" -}}
- name: REGISTRY_DATABASE_URL
  value: {{ include "registry.databaseUrl" . | quote }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef: {name: {{ .role.secret }}, key: {{ .role.key }}}
{{- end }}

{{- define "registry.kafkaEnv" -}}
- {name: REGISTRY_KAFKA_BOOTSTRAP_SERVERS, value: {{ .root.Values.kafka.bootstrapServers | quote }}}
- {name: REGISTRY_KAFKA_SECURITY_PROTOCOL, value: {{ .root.Values.kafka.securityProtocol }}}
{{- if hasPrefix "SASL" .root.Values.kafka.securityProtocol }}
- {name: REGISTRY_KAFKA_SASL_MECHANISM, value: {{ .root.Values.kafka.saslMechanism }}}
- {name: REGISTRY_KAFKA_SASL_USERNAME, value: {{ .user.name | quote }}}
- name: REGISTRY_KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ .user.secret }}, key: {{ .user.key }}}
{{- end }}
{{- if .root.Values.kafka.ca.secret }}
- {name: REGISTRY_KAFKA_SSL_CAFILE, value: /etc/registry/kafka/ca.crt}
{{- end }}
- {name: REGISTRY_TOPIC_PREFIX, value: {{ .root.Values.kafka.topicPrefix | quote }}}
- {name: REGISTRY_CONSUMER_GROUP, value: {{ .root.Values.kafka.consumerGroup | quote }}}
- {name: REGISTRY_PARTITIONS, value: {{ .root.Values.kafka.partitions | quote }}}
- {name: REGISTRY_REPLICATION, value: {{ .root.Values.kafka.replication | quote }}}
{{- end }}

{{- define "registry.settingsEnv" -}}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "registry.caMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if include "registry.databaseCa" . }}
- {name: database-ca, mountPath: /etc/registry/database, readOnly: true}
{{- end }}
{{- if .Values.kafka.ca.secret }}
- {name: kafka-ca, mountPath: /etc/registry/kafka, readOnly: true}
{{- end }}
{{- end }}

{{- define "registry.caVolumes" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- if include "registry.databaseCa" . }}
- name: database-ca
  secret:
    secretName: {{ include "registry.databaseCa" . }}
    items: [{key: {{ .Values.database.ca.key }}, path: ca.crt}]
{{- end }}
{{- if .Values.kafka.ca.secret }}
- name: kafka-ca
  secret:
    secretName: {{ .Values.kafka.ca.secret }}
    items: [{key: {{ .Values.kafka.ca.key }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "registry.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "registry.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
