{{/* What a name stands for is said once here; services.yaml only ranges. */}}

{{- define "studio.grpcPort" }}7100{{ end }}
{{- define "studio.metricsPort" }}7200{{ end }}

{{/* The services that are installed, as a map under "services". */}}
{{- define "studio.installed" -}}
{{- $services := deepCopy .Values.services }}
{{- if not .Values.oversight.enabled }}{{ $services = omit $services "oversight" }}{{ end }}
{{- dict "services" $services | toJson }}
{{- end }}

{{/* list $root $name: what selects the pods of one service. */}}
{{- define "studio.selector" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}

{{/* list $root $name: every label of an object of one service. */}}
{{- define "studio.labels" -}}
{{ include "studio.selector" . }}
app.kubernetes.io/part-of: studio
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end }}

{{- define "studio.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "studio.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* dict as TOML: scalars first, then tables. Helm's own function writes every
number as a float, which the services refuse. */}}
{{- define "studio.toml" -}}
{{- $path := .path }}
{{- range $key, $value := .table }}
{{- if kindIs "float64" $value }}
{{ $key }} = {{ if eq $value (floor $value) }}{{ int64 $value }}{{ else }}{{ $value }}{{ end }}
{{- else if not (kindIs "map" $value) }}
{{ $key }} = {{ $value | toRawJson }}
{{- end }}
{{- end }}
{{- range $key, $value := .table }}
{{- if kindIs "map" $value }}
{{- $inner := ternary $key (printf "%s.%s" $path $key) (eq $path "") }}

[{{ $inner }}]
{{- include "studio.toml" (dict "path" $inner "table" $value) }}
{{- end }}
{{- end }}
{{- end }}

{{/* list $root $name $service $role: the configuration of a process; the role is
"run" or "owner", and neither sees the other's password. The owner grants what
it makes to the runtime role, hence its address. */}}
{{- define "studio.config" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $service := index . 2 }}{{ $role := index . 3 }}
{{- $v := $root.Values }}
{{- $ca := "" }}
{{- if $v.database.caSecret }}{{ $ca = "&sslrootcert=/run/secrets/database-ca/ca.crt" }}{{ end }}
{{- $urls := dict }}
{{- range list "run" "owner" }}
{{- $urls = set $urls . (printf "postgres://%s_%s@%s:%d/%s?sslmode=%s%s" $name . $v.database.host (int $v.database.port) $name $v.database.sslmode $ca) }}
{{- end }}
{{- $config := dict }}
{{- if eq $role "owner" }}
{{- $config = dict "database" (dict "url" $urls.run "owner_url" $urls.owner "owner_password_file" "/run/secrets/database/password") }}
{{- else }}
{{- $peers := dict }}
{{- range $service.peers }}{{ $peers = set $peers . (printf "%s:%s" . (include "studio.grpcPort" $root)) }}{{ end }}
{{- $config = dict
    "grpc" (dict "listen" (printf "0.0.0.0:%s" (include "studio.grpcPort" $root)))
    "metrics" (dict "listen" (printf "0.0.0.0:%s" (include "studio.metricsPort" $root)))
    "database" (dict "url" $urls.run "password_file" "/run/secrets/database/password")
    "redis" (dict "url" $v.redis.url)
    "telemetry" (dict "otlp" $v.telemetry.otlp "format" "json")
    "tokens" (dict "verify_keys" "/run/secrets/verify-keys" "service_key" "/run/secrets/identity/service.pem")
    "fingerprint" (dict "key_file" "/run/secrets/identity/fingerprint")
    "vault" (dict "kek_file" "/run/secrets/vault-kek/key" "index_key_file" "/run/secrets/vault-index/key")
    "peers" $peers }}
{{- if $v.mtls.enabled }}
{{- $config = set $config "mtls" (dict "enabled" true "cert" "/run/secrets/tls/tls.crt" "key" "/run/secrets/tls/tls.key" "ca" "/run/secrets/tls/ca.crt") }}
{{- end }}
{{- end }}
{{- $config = mergeOverwrite $config (deepCopy ($service.config | default dict)) }}
{{- $config = mergeOverwrite (dict "telemetry" (dict "log" $v.telemetry.log)) $config }}
{{- include "studio.toml" (dict "path" "" "table" $config) | trim }}
{{- end }}

{{/* list $root $name $service: the migration's name, so that another image or
another configuration is another Job: a Job's template cannot change. */}}
{{- define "studio.migration" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $service := index . 2 }}
{{- $told := sha256sum (printf "%s%s%s" (include "studio.config" (list $root $name $service "owner")) ($root.Values.image | toJson) $root.Chart.Version) }}
{{- printf "%s-migrate-%s-%s" $name (trunc 12 (trimPrefix "sha256:" $service.image.digest)) (trunc 6 $told) }}
{{- end }}

{{/* list $root $name $service: folder below /run/secrets to Secret, as a map. */}}
{{- define "studio.secrets" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $service := index . 2 }}
{{- $secrets := dict
    "database" (printf "%s-database" $name)
    "identity" (printf "%s-identity" $name)
    "vault-kek" (printf "%s-vault-kek" $name)
    "vault-index" (printf "%s-vault-index" $name)
    "verify-keys" $root.Values.tokens.verifyKeysSecret }}
{{- if $root.Values.database.caSecret }}{{ $secrets = set $secrets "database-ca" $root.Values.database.caSecret }}{{ end }}
{{- if $root.Values.mtls.enabled }}{{ $secrets = set $secrets "tls" (printf "%s-tls" $name) }}{{ end }}
{{- mergeOverwrite $secrets ($service.files | default dict) | toJson }}
{{- end }}
