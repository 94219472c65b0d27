# shellcheck shell=bash
# shellcheck disable=SC2154 # what it names comes from lib.sh
# The processes of one machine: ports, starting, waiting, stopping. Each has a
# log in .studio/log, and in .studio/run its number and what it was started with.

run_folder=$state/run
log_folder=$state/log
mkdir -p "$run_folder" "$log_folder"

# port NAME DEFAULT: STUDIO_PORT_<NAME>, else the default moved by STUDIO_PORT_OFFSET.
port() {
    local variable=STUDIO_PORT_$1
    echo "${!variable:-$(($2 + ${STUDIO_PORT_OFFSET:-0}))}"
}

# Who listens on a port, for an error that helps; works without ss or lsof.
port_owner() {
    local port=$1 hex inode uid pid command
    if [ ! -r /proc/net/tcp ]; then
        lsof -nP -iTCP:"$port" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 {print $1 " (process " $2 ")"}'
        return
    fi
    hex=$(printf '%04X' "$port")
    read -r inode uid < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port {print $10, $8; exit}')
    [ -n "${inode:-}" ] || { echo "an unknown process"; return; }
    for pid in /proc/[0-9]*; do
        if find "$pid/fd" -lname "socket:\[$inode\]" 2>/dev/null | grep -q .; then
            command=$(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null)
            echo "process ${pid#/proc/} (${command:0:120})"
            return
        fi
    done
    echo "a process of user $(id -nu "$uid" 2>/dev/null || echo "$uid")"
}

# Numbers come again after a restart of the machine: the program must be ours.
alive() {
    local pid
    [ -f "$run_folder/$1.pid" ] || return 1
    pid=$(cat "$run_folder/$1.pid")
    kill -0 "$pid" 2>/dev/null || return 1
    [ ! -r "/proc/$pid/cmdline" ] || grep -qaF "$(tail -n 1 "$run_folder/$1.with")" "/proc/$pid/cmdline"
}

# free_or_ours NAME PORT…: an error when a stranger has one of the ports.
free_or_ours() {
    local name=$1 port
    shift
    alive "$name" && return
    for port; do
        port_is_free "$port" || die "port $port, which $name needs, is taken by $(port_owner "$port").
       Stop it, or choose other ports: STUDIO_PORT_OFFSET=1000 deploy/local/up"
    done
}

# What a process was started with: the program, its configuration, its ports.
fingerprint() {
    local program=$1
    shift
    {
        ls -l --time-style=full-iso "$program" 2>/dev/null || stat -f '%m %z' "$program"
        printf '%s\n' "$@"
        local argument
        for argument; do [ ! -f "$argument" ] || cat "$argument"; done
    } | cksum
}

# start NAME PROGRAM ARGS…: started, or left alone when it runs with the same.
start() {
    local name=$1 print
    shift
    print=$(fingerprint "$@")
    if alive "$name"; then
        [ "$(head -n 1 "$run_folder/$name.with")" != "$print" ] || return 0
        say "    $name changed, starting it anew"
        stop "$name"
    fi
    local detach=()
    ! command -v setsid >/dev/null 2>&1 || detach=(setsid)
    (cd "$root" && exec "${detach[@]}" "$@" </dev/null >>"$log_folder/$name.log" 2>&1) &
    echo $! >"$run_folder/$name.pid"
    printf '%s\n' "$print" "$1" >"$run_folder/$name.with"
}

# stop NAME…: asked to end, all at once, then waited for; killed after 30 s.
stop() {
    local name pid
    for name; do alive "$name" && kill "$(cat "$run_folder/$name.pid")" 2>/dev/null; done
    for name; do
        [ -f "$run_folder/$name.pid" ] || continue
        pid=$(cat "$run_folder/$name.pid")
        for _ in $(seq 300); do
            alive "$name" || break
            sleep 0.1
        done
        ! alive "$name" || kill -9 "$pid" 2>/dev/null || true
        rm -f "$run_folder/$name.pid" "$run_folder/$name.with"
    done
}

# http_ok PORT PATH: a GET that answers 200, by the shell alone.
http_ok() {
    local line
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    IFS= read -r -t 5 line <&3 || line=
    exec 3>&-
    case $line in *' 200'*) return 0 ;; *) return 1 ;; esac
}

# wait_for NAME COMMAND…: until it succeeds, while the process lives.
wait_for() {
    local name=$1
    shift
    for _ in $(seq 600); do
        "$@" && return
        alive "$name" || break
        sleep 0.1
    done
    say "error: $name is not healthy; the end of ${log_folder#"$root"/}/$name.log:"
    tail -n 20 "$log_folder/$name.log" >&2
    exit 1
}
