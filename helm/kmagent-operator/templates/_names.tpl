{{/* Name of the operator's objects: 40 characters at most, so that endings fit. */}}
{{- define "kmagent.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Name of cluster-scoped objects: with the namespace in it, a second operator elsewhere collides with none. */}}
{{- define "kmagent.clusterName" -}}
{{ .Release.Namespace }}:{{ include "kmagent.fullname" . }}
{{- end -}}

{{/* Labels that select the operator's pods; they never change. */}}
{{- define "kmagent.selectorLabels" -}}
app.kubernetes.io/name: kmagent-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of every object. */}}
{{- define "kmagent.labels" -}}
{{ include "kmagent.commonLabels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "kmagent.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: kmagent-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* The operator's image by digest or tag. */}}
{{- define "kmagent.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}
{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}
