# shellcheck shell=bash
# shellcheck disable=SC2154 # what it names comes from lib.sh
# One database and two roles a service, as in production: the owner changes the
# schema, the runtime role changes rows, and nobody enters another's database.
# Sourced by `up`; an operator runs the same statements by hand.

services=(members orders payments wallet refunds notifications oversight)

# password ROLE: made once, kept beside the keys.
password() {
    local file=$state/keys/database/$1
    mkdir -p "$state/keys/database"
    [ -s "$file" ] || (umask 077 && secret >"$file")
    cat "$file"
}

# make_databases ADDRESS: the superuser's; harmless to repeat.
make_databases() {
    local address=$1 service role
    for service in "${services[@]}"; do
        {
            for role in owner run; do
                cat <<SQL
do \$\$ begin
    if not exists (select from pg_roles where rolname = '${service}_$role') then
        create role ${service}_$role login nosuperuser nocreatedb nocreaterole nobypassrls;
    end if;
end \$\$;
alter role ${service}_$role password '$(password "${service}_$role")';
SQL
            done
            cat <<SQL
select 'create database $service owner ${service}_owner template template0 encoding ''UTF8'''
    where not exists (select from pg_database where datname = '$service') \\gexec
revoke connect, temporary on database $service from public;
grant connect on database $service to ${service}_run;
SQL
        } | sql "$address" -f - >/dev/null || die "cannot make the database of $service"
    done
}

# database_url SERVICE ROLE: without the password, which stands in a file.
database_url() { printf 'postgres://%s_%s@%s/%s' "$1" "$2" "$(host_of "$STUDIO_POSTGRES")" "$1"; }

# host_of ADDRESS: host and port of postgres://user:password@host:port/name
host_of() {
    local rest=${1#*://}
    rest=${rest%%\?*}
    rest=${rest%%/*}
    printf '%s' "${rest##*@}"
}

# forget_databases ADDRESS: what make_databases made.
forget_databases() {
    local service
    for service in "${services[@]}"; do
        sql "$1" -c "drop database if exists $service with (force)" \
            -c "drop role if exists ${service}_owner" -c "drop role if exists ${service}_run"
    done
}
