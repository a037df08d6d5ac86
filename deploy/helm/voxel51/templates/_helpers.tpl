{{- define "voxel51.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "voxel51.selector" -}}
app.kubernetes.io/name: voxel51
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "voxel51.labels" -}}
{{ include "voxel51.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "voxel51.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "voxel51.name" .) -}}
{{- end -}}

{{- define "voxel51.image" -}}
{{ required "image.repository: the image `server` of deploy/Dockerfile in your registry" .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "voxel51.workerImage" -}}
{{ required "ray.image.repository: the image `worker` of deploy/Dockerfile in your registry" .Values.ray.image.repository }}:{{ .Values.ray.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* Each program of the cluster sends the token, without which no other one is believed. */}}
{{- define "voxel51.rayEnvironment" -}}
- {name: RAY_AUTH_MODE, value: token}
- {name: RAY_AUTH_TOKEN_PATH, value: /run/secrets/ray/token}
{{- end -}}

{{/* Settings of all processes. */}}
{{- define "voxel51.environment" -}}
- {name: VOXEL51_SERVER_PUBLIC_URL, value: {{ required "publicUrl: the address that people and tokens use" .Values.publicUrl | quote }}}
- {name: VOXEL51_SERVER_JOB_URL, value: "http://{{ include "voxel51.name" . }}:{{ .Values.service.port }}"}
- {name: VOXEL51_SERVER_DATABASE_URL_FILE, value: /run/secrets/voxel51/database-url}
- {name: VOXEL51_SERVER_SECRET_KEY_FILE, value: /run/secrets/voxel51/secret-key}
- {name: VOXEL51_SERVER_STORAGE_URL, value: {{ required "storage.url: s3://bucket/folder" .Values.storage.url | quote }}}
{{- with .Values.storage.endpoint }}
- {name: VOXEL51_SERVER_STORAGE_ENDPOINT, value: {{ . | quote }}}
{{- end }}
- {name: AWS_REGION, value: {{ .Values.storage.region | quote }}}
{{- if .Values.storage.existingSecret }}
- {name: AWS_SHARED_CREDENTIALS_FILE, value: /run/secrets/voxel51/store-key}
{{- end }}
- {name: VOXEL51_SERVER_LOG_FORMAT, value: json}
{{- range $name, $value := .Values.settings }}
- {name: VOXEL51_SERVER_{{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{- define "voxel51.mounts" -}}
- {name: secrets, mountPath: /run/secrets/voxel51, readOnly: true}
- {name: temporary, mountPath: /tmp}
- {name: data, mountPath: /data}
{{- end -}}

{{- define "voxel51.rayToken" -}}
- name: ray-token
  secret:
    secretName: {{ required "ray.existingSecret: a secret with the token of the cluster" .Values.ray.existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .Values.ray.key }}, path: token}]
{{- end -}}

{{/* Volumes of all processes but `data`. */}}
{{- define "voxel51.volumes" -}}
- name: temporary
  emptyDir: {sizeLimit: 1Gi}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ required "database.existingSecret: a secret with the URL of PostgreSQL" .Values.database.existingSecret }}
          items: [{key: {{ .Values.database.key }}, path: database-url}]
      - secret:
          name: {{ required "secretKey.existingSecret: a secret with 32 random bytes" .Values.secretKey.existingSecret }}
          items: [{key: {{ .Values.secretKey.key }}, path: secret-key}]
      {{- with .Values.storage.existingSecret }}
      - secret:
          name: {{ . }}
          items: [{key: {{ $.Values.storage.key }}, path: store-key}]
      {{- end }}
{{- end -}}

{{- define "voxel51.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "voxel51.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* What pods of all processes share. */}}
{{- define "voxel51.pod" -}}
serviceAccountName: {{ include "voxel51.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .part.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
