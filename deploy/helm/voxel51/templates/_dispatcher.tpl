{{/* The container of a dispatcher. */}}
{{- define "voxel51.dispatcher" -}}
- name: dispatcher
  image: {{ if .Values.ray.enabled }}{{ include "voxel51.workerImage" . }}{{ else }}{{ include "voxel51.image" . }}{{ end }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  securityContext: {{- include "voxel51.containerSecurity" . | nindent 4 }}
    {{- if .Values.dispatcher.unmaskedProc }}
    procMount: Unmasked
    {{- end }}
  env:
    - {name: VOXEL51_SERVER_ROLE, value: dispatcher}
    {{- if .Values.ray.enabled }}
    - {name: VOXEL51_SERVER_ENGINE, value: ray}
    - {name: VOXEL51_SERVER_RAY_ADDRESS, value: "127.0.0.1:6379"}
    {{- include "voxel51.rayEnvironment" . | nindent 4 }}
    {{- end }}
    - {name: VOXEL51_SERVER_STOP_DRAIN_SECONDS, value: {{ .Values.dispatcher.drainSeconds | quote }}}
    - {name: VOXEL51_SERVER_SANDBOX_MINIMUM, value: {{ .Values.dispatcher.sandboxMinimum }}}
    {{- include "voxel51.environment" . | nindent 4 }}
  ports:
    - {name: probes, containerPort: 5151}
  startupProbe:
    httpGet: {path: /healthz, port: probes}
    periodSeconds: 2
    failureThreshold: 90
  livenessProbe:
    httpGet: {path: /healthz, port: probes}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  readinessProbe:
    httpGet: {path: /readyz, port: probes}
    periodSeconds: 10
    timeoutSeconds: 5
  resources: {{- toYaml .Values.dispatcher.resources | nindent 4 }}
  volumeMounts: {{- include "voxel51.mounts" . | nindent 4 }}
    {{- if .Values.ray.enabled }}
    - {name: ray-token, mountPath: /run/secrets/ray, readOnly: true}
    {{- end }}
{{- end -}}
