# shellcheck shell=bash
# What `up`, `down`, `env`, `prepare` and tests/run share: finding or fetching
# programs, and private PostgreSQL clusters. To be sourced, never run.
# Everything written lands below $state, which git ignores; messages go to
# standard error, because the output of `env` is evaluated.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
state=${STUDIO_STATE:-$root/.studio}
tools=$state/tools
unpacked=$tools/debian
mkdir -p "$state" "$tools/bin"
export PATH="$tools/bin:$PATH"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
# takes_nothing FILE WORD…: where there are words, tells what the head of FILE
# says and ends, badly unless help was asked for.
takes_nothing() {
    [ $# -gt 1 ] || return 0
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1" >&2
    case $2 in -h | --help | help) exit 0 ;; *) exit 2 ;; esac
}
is_root() { [ "$(id -u)" = 0 ]; }
may_sudo() { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }

# with_lock NAME COMMAND…: one process at a time on this state folder.
with_lock() {
    local name=$1 fd
    shift
    if ! command -v flock >/dev/null 2>&1; then "$@"; return; fi
    exec {fd}>"$state/$name.lock"
    flock "$fd"
    STUDIO_LOCK_FD=$fd "$@"
    local rc=$?
    exec {fd}>&-
    return "$rc"
}

# A server started under a lock must not keep the lock open for its life.
without_lock() {
    local fd=${STUDIO_LOCK_FD:-}
    if [ -n "$fd" ]; then "$@" {fd}>&-; else "$@"; fi
}

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Above the services' ports and below the kernel's range for outgoing calls.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if port_is_free "$port"; then echo "$port"; return; fi
    done
}

# ---- programs: found, installed, or unpacked beside us

# The first lists of a machine that never ran `apt-get update` are empty, and
# a plain user cannot write the system's: then apt works on lists of our own.
apt_options=()
own_apt_lists() {
    local apt=$tools/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    apt_options=(-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Debug::NoLocking=1
        -o APT::Sandbox::User=)
    compgen -G "$apt/lists/*Packages*" >/dev/null ||
        apt-get -qq "${apt_options[@]}" update >&2
}

apt_updated=
apt_install() {
    local become=()
    is_root || become=(sudo -n)
    say "installing $* with apt-get"
    # A cluster that Debian starts by itself would be a stranger on this machine.
    "${become[@]}" sh -c 'mkdir -p /etc/postgresql-common/createcluster.d &&
        echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/studio.conf' || true
    [ -n "$apt_updated" ] || "${become[@]}" apt-get -qq update >&2 || true
    apt_updated=yes
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y install --no-install-recommends "$@" >"$state/apt.log" 2>&1 && return
    tail -n 5 "$state/apt.log" >&2
    return 1
}

# Debian's packages are relocatable: unpack them and what they lack here, but no
# second C library, should an update of the machine's own be among it.
apt_unpack() {
    local folder=$tools/packages wanted deb
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    say "unpacking $* below ${tools#"$root"/} (no root, no sudo)"
    own_apt_lists || return 1
    wanted=$(apt-get "${apt_options[@]}" -s install --no-install-recommends "$@" | awk '/^Inst / && $2 !~ /^libc(6|-bin)$/ {print $2}')
    [ -n "$wanted" ] || wanted="$*"
    mkdir -p "$folder" "$unpacked"
    # shellcheck disable=SC2086 # one word a package
    (cd "$folder" && apt-get -qq "${apt_options[@]}" download $wanted >&2) || return 1
    for deb in "$folder"/*.deb; do dpkg -x "$deb" "$unpacked" && rm "$deb"; done
}

# fetch PACKAGE…: by apt as root or with sudo, else unpacked.
fetch() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if is_root || may_sudo; then apt_install "$@" && return; fi
    apt_unpack "$@"
}

unpacked_libraries() {
    local folder list=
    for folder in "$unpacked"/usr/lib/*-linux-gnu "$unpacked"/lib/*-linux-gnu "$unpacked"/usr/lib; do
        [ -d "$folder" ] && list=$list:$folder
    done
    echo "${list#:}"
}

# wrap NAME PROGRAM ARGS…: a command in .studio/tools/bin that finds its libraries.
wrap() {
    local name=$1 program=$2 fixed
    shift 2
    fixed=$(printf " '%s'" "$@")
    [ $# -gt 0 ] || fixed=
    cat >"$tools/bin/$name" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH='$(unpacked_libraries)'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec '$program'$fixed "\$@"
WRAPPER
    chmod 755 "$tools/bin/$name"
}

# need COMMAND PACKAGE…: the command is on PATH afterwards.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null 2>&1 && return
    fetch "$@" || return 1
    command -v "$command" >/dev/null 2>&1 && return
    [ -x "$unpacked/usr/bin/$command" ] || return 1
    wrap "$command" "$unpacked/usr/bin/$command"
}

# protoc with the well-known files that one build script includes.
need_protoc() {
    [ -n "${PROTOC:-}" ] && return
    if ! command -v protoc >/dev/null 2>&1 || ! protoc_knows_its_files; then
        need protoc protobuf-compiler libprotobuf-dev ||
            die "protoc is missing and could not be fetched: install protobuf-compiler, or set PROTOC"
        protoc_knows_its_files || with_includes ||
            die "protoc finds no google/protobuf/descriptor.proto: install libprotobuf-dev, or set PROTOC_INCLUDE"
    fi
}

protoc_knows_its_files() {
    printf 'syntax = "proto3"; import "google/protobuf/descriptor.proto";' >"$state/probe.proto"
    (cd "$state" && protoc -I. ${PROTOC_INCLUDE:+"-I$PROTOC_INCLUDE"} --descriptor_set_out=/dev/null probe.proto) >/dev/null 2>&1
}

with_includes() {
    fetch libprotobuf-dev || return 1
    [ -d "$unpacked/usr/include/google/protobuf" ] && export PROTOC_INCLUDE=$unpacked/usr/include
    protoc_knows_its_files
}

# Rust needs a linker and the C parts of aws-lc a compiler.
need_compiler() {
    command -v cargo >/dev/null 2>&1 || [ ! -x "$HOME/.cargo/bin/cargo" ] || PATH="$HOME/.cargo/bin:$PATH"
    command -v cargo >/dev/null 2>&1 || die "cargo is missing: install Rust from https://rustup.rs"
    need_certificates
    command -v cc >/dev/null 2>&1 && return
    fetch gcc libc6-dev make ca-certificates || true
    command -v cc >/dev/null 2>&1 && return
    unpacked_compiler || die "a C compiler is missing and could not be fetched: install gcc and libc6-dev"
}

# Whom downloads trust: a bare machine does not know anybody.
need_certificates() {
    local file
    for file in "${SSL_CERT_FILE:-}" "${CARGO_HTTP_CAINFO:-}" /etc/ssl/certs/ca-certificates.crt \
        /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
        [ ! -s "$file" ] || return 0
    done
    fetch ca-certificates || { say "warning: no certificates; downloads may be refused"; return 0; }
    [ ! -s /etc/ssl/certs/ca-certificates.crt ] || return 0
    cat "$unpacked"/usr/share/ca-certificates/mozilla/*.crt >"$tools/certificates.crt"
    export SSL_CERT_FILE=$tools/certificates.crt CARGO_HTTP_CAINFO=$tools/certificates.crt PIP_CERT=$tools/certificates.crt
}

# The compiler that lies below .studio/tools, told where its house is: its
# headers and start files. The C library itself is the machine's own, because
# programs must not meet a second one; the linker looks for it in the house.
unpacked_compiler() {
    [ -x "$unpacked/usr/bin/gcc" ] || return 1
    local name file
    for file in /lib/*-linux-gnu/lib{c,m,mvec,pthread,dl,rt,util,gcc_s}.so.[0-9] /lib64/ld-linux*.so.* /lib/ld-linux*.so.*; do
        [ -e "$file" ] || continue
        mkdir -p "$unpacked${file%/*}"
        [ -e "$unpacked$file" ] || ln -s "$file" "$unpacked$file"
    done
    for name in as ld ar ranlib nm objcopy objdump strip make; do
        [ ! -e "$unpacked/usr/bin/$name" ] || wrap "$name" "$unpacked/usr/bin/$name"
    done
    for name in cc gcc; do
        wrap "$name" "$unpacked/usr/bin/gcc" "--sysroot=$unpacked" "-B$tools/bin/"
    done
    printf 'int main(void) { return 0; }' | cc -x c - -o "$state/probe" && "$state/probe"
}

# ---- PostgreSQL

# Prints the folder that holds initdb, postgres, pg_ctl and psql.
find_postgres() {
    local candidate folder
    candidate=$(command -v initdb 2>/dev/null || true)
    for folder in "${candidate%/*}" \
        $(compgen -G "/usr/lib/postgresql/*/bin" | sort -rV) $(compgen -G "$unpacked/usr/lib/postgresql/*/bin" | sort -rV) \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ -x "$folder/psql" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

postgres_bin=
need_postgres() {
    [ -n "$postgres_bin" ] && return
    if ! postgres_bin=$(find_postgres); then
        fetch postgresql-15 postgresql-client-15 || fetch postgresql postgresql-client || true
        postgres_bin=$(find_postgres) ||
            die "PostgreSQL is missing and could not be fetched: install it, or set STUDIO_POSTGRES and STUDIO_TEST_DATABASE"
    fi
}

# Tells the tests that run clusters of their own where the programs lie.
tell_postgres() {
    need_postgres
    export STUDIO_POSTGRES_BIN=$postgres_bin STUDIO_POSTGRES_LIBRARIES=
    case $postgres_bin in "$unpacked"/*) STUDIO_POSTGRES_LIBRARIES=$(unpacked_libraries) ;; esac
}

# pg PROGRAM ARGS…: one of PostgreSQL's programs, with its libraries.
pg() {
    local program=$1
    shift
    case $postgres_bin in
    "$unpacked"/*) LD_LIBRARY_PATH=$(unpacked_libraries) "$postgres_bin/$program" "$@" ;;
    *) "$postgres_bin/$program" "$@" ;;
    esac
}

# sql ADDRESS ARGS…: psql that stops at the first error and says little.
sql() {
    local address=$1
    shift
    need_postgres
    PGOPTIONS='-c client_min_messages=warning' pg psql -X -q -v ON_ERROR_STOP=1 -d "$address" "$@"
}

# PostgreSQL refuses to run as root: then its files belong to another user.
server_user() {
    if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

as_server() {
    if is_root; then
        local user
        user=$(server_user)
        (cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@")
    else
        "$@"
    fi
}

# Where a cluster may live: below the state folder, unless its user cannot
# reach that (a checkout in /root), then in /var/lib. That of the tests in
# memory, where there is enough of it: it makes and drops databases all the
# time, and a file system that does so for minutes becomes slow.
cluster_folder() {
    local name=$1 base=$state own
    own=studio-$(printf %s "$state" | cksum | cut -d' ' -f1)
    if [ "$name" = pg-tests ] && memory_is_ample; then
        base=/dev/shm/$own
    elif is_root && ! as_server test -x "$state" 2>/dev/null; then
        base=/var/lib/$own
    fi
    echo "$base/$name"
}

# A file system in memory of 4 GiB or more, of which the tests take one.
memory_is_ample() {
    local size
    [ -w /dev/shm ] && size=$(df -k --output=size /dev/shm 2>/dev/null | tail -n 1) && [ "${size:-0}" -ge 4194304 ]
}

cluster_answers() {
    [ -f "$state/$1.address" ] || return 1
    local folder port
    folder=$(cluster_folder "$1")
    [ -f "$folder/data/postmaster.pid" ] || return 1
    port=$(sed -n 4p "$folder/data/postmaster.pid" 2>/dev/null)
    [ -n "$port" ] && ! port_is_free "$port"
}

# cluster_start NAME SETTING…: initialised on first use, then started; the
# superuser's address is in $state/NAME.address.
cluster_start() {
    local name=$1
    cluster_answers "$name" && return
    need_postgres
    with_lock "$name" cluster_start_locked "$@"
}

cluster_start_locked() {
    local name=$1 folder user port tries
    shift
    cluster_answers "$name" && return
    folder=$(cluster_folder "$name")
    user=$(server_user)
    [ -s "$folder/data/PG_VERSION" ] && [ -f "$state/$name.password" ] || cluster_create "$name" "$folder" "$user" || return 1
    for tries in 1 2 3 4 5; do
        port=$(free_port)
        cluster_settings "$folder" "$port" "$@"
        if as_server_pg pg_ctl -D "$folder/data" -l "$folder/log" -w -t 60 -s start; then
            (umask 077 && echo "postgres://studio:$(cat "$state/$name.password")@127.0.0.1:$port/postgres" >"$state/$name.address")
            say "PostgreSQL $name answers on port $port"
            return
        fi
    done
    say "PostgreSQL $name does not start (attempt $tries); the end of $folder/log:"
    tail -n 15 "$folder/log" >&2
    return 1
}

cluster_create() {
    local name=$1 folder=$2 user=$3 proof=scram-sha-256
    [ "$name" != pg-tests ] || proof=md5
    say "making the PostgreSQL cluster $name (first use)"
    rm -rf "$folder"
    mkdir -p "$folder"
    (umask 077 && secret >"$state/$name.password" && cp "$state/$name.password" "$folder/pwfile")
    ! is_root || chown -R "$user:" "$folder"
    as_server_pg initdb -D "$folder/data" -U studio -E UTF8 --locale=C.UTF-8 -N \
        --auth="$proof" --pwfile="$folder/pwfile" >"$state/$name.initdb.log" 2>&1 ||
        { tail -n 10 "$state/$name.initdb.log" >&2; return 1; }
    rm -f "$folder/pwfile"
}

cluster_settings() {
    local folder=$1 port=$2 setting
    shift 2
    {
        echo "port = $port"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = ''"
        echo "timezone = 'UTC'"
        echo "log_timezone = 'UTC'"
        echo "password_encryption = 'scram-sha-256'"
        echo "jit = off"
        for setting; do echo "$setting"; done
    } >"$folder/data/postgresql.auto.conf"
}

# PostgreSQL's program as the user that may run it, with its libraries, and
# without the lock that we hold.
as_server_pg() {
    local program=$1 libraries=
    shift
    case $postgres_bin in "$unpacked"/*) libraries=$(unpacked_libraries) ;; esac
    without_lock as_server env ${libraries:+"LD_LIBRARY_PATH=$libraries"} "$postgres_bin/$program" "$@" </dev/null >>"$state/postgres.log" 2>&1
}

cluster_stop() {
    local name=$1 folder
    folder=$(cluster_folder "$name")
    [ -f "$folder/data/postmaster.pid" ] || return 0
    need_postgres
    as_server_pg pg_ctl -D "$folder/data" -s -m fast -w stop || true
}

cluster_forget() {
    cluster_stop "$1"
    rm -rf "$(cluster_folder "$1")" "$state/$1.password" "$state/$1.address" "$state/$1.initdb.log"
}

# The cluster of the tests: quick, and worth nothing after a power cut.
test_cluster() {
    if [ -n "${STUDIO_TEST_DATABASE:-}" ]; then return; fi
    # To log in by SCRAM takes a client longer than most tests take.
    cluster_start pg-tests "password_encryption = 'md5'" "max_connections = 400" "fsync = off" "full_page_writes = off" \
        "synchronous_commit = off" "wal_level = minimal" "max_wal_senders = 0" "shared_buffers = 128MB" "max_wal_size = 256MB" ||
        die "no test database"
    STUDIO_TEST_DATABASE=$(cat "$state/pg-tests.address")
    export STUDIO_TEST_DATABASE
}

# dev_database CRATE: the address of the database its macros are checked against.
dev_database() { echo "${STUDIO_TEST_DATABASE%/*}/studio_dev_$1"; }

# url_variable CRATE: wallet -> WALLET_DATABASE_URL
url_variable() { printf '%s_DATABASE_URL' "$(tr '-' '_' <<<"${1^^}")"; }

crate_folder() {
    local folder
    for folder in "$root/services/$1" "$root/services/shared/$1" "$root/tests/$1"; do
        [ -f "$folder/Cargo.toml" ] && { echo "$folder"; return; }
    done
    return 1
}

# ---- Redis: wakes readers early and holds no record, so its absence is only said

redis_start() {
    local name=$1 port
    if redis_answers "$name"; then return; fi
    need_redis || { say "warning: Redis is missing; facts travel by polling"; return 1; }
    with_lock "$name" redis_start_locked "$name"
}

# Debian's redis-tools holds the program under another name, and starts no
# server of the machine's own as the package redis-server does.
need_redis() {
    command -v redis-server >/dev/null 2>&1 && return
    [ -x /usr/bin/redis-check-rdb ] || fetch redis-tools || return 1
    if [ -x "$unpacked/usr/bin/redis-check-rdb" ]; then
        ln -sf redis-check-rdb "$unpacked/usr/bin/redis-server"
        wrap redis-server "$unpacked/usr/bin/redis-server"
    elif [ -x /usr/bin/redis-check-rdb ]; then
        ln -sf /usr/bin/redis-check-rdb "$tools/bin/redis-server"
    fi
    command -v redis-server >/dev/null 2>&1
}

redis_answers() {
    local port
    [ -f "$state/$1.address" ] && [ -f "$state/$1/pid" ] || return 1
    port=$(sed 's/.*://; s,/.*,,' "$state/$1.address")
    kill -0 "$(cat "$state/$1/pid")" 2>/dev/null && ! port_is_free "$port"
}

redis_start_locked() {
    local name=$1 port password
    redis_answers "$name" && return
    port=$(free_port)
    password=$(secret)
    mkdir -p "$state/$name"
    (umask 077 && printf '%s\n' "bind 127.0.0.1" "port $port" "requirepass $password" "daemonize yes" \
        'save ""' "appendonly no" "dir $state/$name" "pidfile $state/$name/pid" "logfile $state/$name/log" \
        "maxmemory 64mb" "maxmemory-policy allkeys-lru" >"$state/$name/conf")
    without_lock redis-server "$state/$name/conf" || { say "warning: Redis does not start; facts travel by polling"; return 1; }
    (umask 077 && echo "redis://:$password@127.0.0.1:$port/" >"$state/$name.address")
    for _ in $(seq 50); do redis_answers "$name" && { say "Redis $name answers on port $port"; return; }; sleep 0.1; done
    say "warning: Redis does not answer; see $state/$name/log"
    return 1
}

redis_stop() {
    [ -f "$state/$1/pid" ] || return 0
    kill "$(cat "$state/$1/pid")" 2>/dev/null || true
    rm -f "$state/$1.address"
}
