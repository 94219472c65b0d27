# shellcheck shell=bash
# shellcheck disable=SC2154 # what it names comes from lib.sh, processes.sh and databases.sh
# What each service is told on one machine: .studio/config/<service>.toml.
# Everything that is not said here is the service's own default.

config_folder=$state/config

# Channels call back by https alone; the simulator knows the way from here.
callbacks_from_outside=https://callbacks.studio.example

grpc_port() { port "${1^^}" "71$(number_of "$1")"; }
metrics_port() { port "${1^^}_METRICS" "72$(number_of "$1")"; }

number_of() {
    case $1 in
    members) echo 01 ;; orders) echo 02 ;; payments) echo 03 ;; wallet) echo 04 ;;
    refunds) echo 05 ;; notifications) echo 06 ;; oversight) echo 07 ;;
    esac
}

# Whom a service calls and whose facts it reads.
peers_of() {
    case $1 in
    members) ;;
    payments) echo members ;;
    wallet) echo members payments ;;
    orders) echo members payments wallet ;;
    refunds) echo members payments wallet orders ;;
    notifications) echo members payments wallet orders refunds ;;
    oversight) echo members payments wallet orders refunds notifications ;;
    esac
}

write_settings() {
    local service
    mkdir -p "$config_folder"
    for service in "${services[@]}"; do
        (umask 077 && { common "$service"; own "$service"; } >"$config_folder/$service.toml")
    done
}

common() {
    local service=$1 keys=$state/keys peer
    cat <<TOML
[grpc]
listen = "127.0.0.1:$(grpc_port "$service")"

[metrics]
listen = "127.0.0.1:$(metrics_port "$service")"

[database]
url = "$(database_url "$service" run)"
password_file = "$keys/database/${service}_run"
owner_url = "$(database_url "$service" owner)"
owner_password_file = "$keys/database/${service}_owner"
acquire_timeout_ms = 5000   # one machine does everything at once: wait for it

[redis]
url = "$STUDIO_REDIS"

[telemetry]
otlp = "http://127.0.0.1:$(port OTLP 7140)"
metric_interval_s = 60

[tokens]
verify_keys = "$keys/verify"
service_key = "$keys/services/$service.pem"
$([ "$service" != members ] || echo "person_key = \"$keys/person.pem\"")

[fingerprint]
key_file = "$keys/fingerprint/$service.key"

[vault]
kek_file = "$keys/vault/$service.kek"
index_key_file = "$keys/vault/$service.index"

[clock]
movable = true

[peers]
TOML
    for peer in $(peers_of "$service"); do echo "$peer = \"127.0.0.1:$(grpc_port "$peer")\""; done
}

# What only one service has.
own() {
    local keys=$state/keys
    case $1 in
    members)
        cat <<TOML

[service]
first_admin = "operator-admin@studio.example"

[service.dev_issuer]
enabled = true
key_file = "$keys/dev-issuer.pem"
TOML
        ;;
    payments)
        cat <<TOML

[service.callbacks]
listen = "127.0.0.1:$(port CALLBACKS 7110)"

[[service.cashier.limits]]
subject = "member"
window_s = 3600
most_starts = 60

[[service.cashier.limits]]
subject = "member"
window_s = 86400
most_minor = 50000000

[service.sellers.BJ]
credit_code = "91110105MA00YD0018"
after_sales = "客服热线 400-000-0000，或本店前台"

[service.sellers.SH]
credit_code = "91310104MA00YD002A"
after_sales = "客服热线 400-000-0000，或本店前台"

[service.sellers.SH-PD]
credit_code = "91310115MA00YD003B"
after_sales = "客服热线 400-000-0000，或本店前台"

[service.merchants.studio]
legal_entity_ids = []
receipt_series = "YD"

[service.merchants.studio.wechat]
mchid = "1900000001"
appid = "wx0000000000000001"
serial = "$(cat "$keys/wechat/merchant-serial")"
private_key_file = "$keys/wechat/merchant-private.pem"
api_v3_key_file = "$keys/wechat/api-v3-key"
public_key_id = "$(cat "$keys/wechat/platform-key-id")"
public_key_file = "$keys/wechat/platform-public.pem"
base_url = "http://127.0.0.1:$(port SIMULATOR 7120)"
notify_url = "$callbacks_from_outside/callbacks/wechat/studio"

[service.merchants.studio.alipay]
app_id = "2021000000000001"
seller_id = "2088000000000001"
private_key_file = "$keys/alipay/app-private.pem"
public_key_file = "$keys/alipay/alipay-public.pem"
base_url = "http://127.0.0.1:$(port ALIPAY 7121)/gateway.do"
notify_url = "$callbacks_from_outside/callbacks/alipay/studio"
TOML
        ;;
    notifications)
        cat <<TOML

[service.smtp]
host = "127.0.0.1"
port = $(port SMTP 7130)
security = "none"
TOML
        ;;
    esac
}
