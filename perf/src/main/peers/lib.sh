# What the peers' scripts share. Sourced, with PEER_* set; see README.md.
set -euo pipefail

in_client() { nsenter --net="$PEER_CLIENT_NETNS" -- "$@"; }
in_server() { nsenter --net="$PEER_SERVER_NETNS" -- "$@"; }

# launch NETNS NAME COMMAND...: in the background and away from this script's terminal, in the group whose connections
# are not redirected; its pid is kept for stop.
launch() {
  local netns=$1 name=$2
  shift 2
  setsid setpriv --regid="$PEER_GID" --clear-groups nsenter --net="$netns" -- "$@" </dev/null >"$PEER_DIR/$name.log" 2>&1 &
  echo $! >"$PEER_DIR/$name.pid"
}

# listening NETNS PORT NAME: waits until something listens there.
listening() {
  local i
  for ((i = 0; i < 200; i++)); do
    if [[ -n "$(nsenter --net="$1" -- ss -Hltn "sport = :$2")" ]]; then
      return 0
    fi
    if ! kill -0 "$(cat "$PEER_DIR/$3.pid")" 2>/dev/null; then
      break
    fi
    sleep 0.05
  done
  echo "$3 does not listen on port $2; its log:" >&2
  tail -n 20 "$PEER_DIR/$3.log" >&2
  return 1
}

# pids NAME: the process and its children.
pids() {
  local pid
  pid=$(cat "$PEER_DIR/$1.pid")
  echo "pid $pid"
  pgrep -P "$pid" | sed 's/^/pid /' || true
}

stop_all() {
  local file pid
  for file in "$PEER_DIR"/*.pid; do
    [[ -e $file ]] || continue
    pid=$(cat "$file")
    kill -TERM -- "-$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.05
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
    rm -f "$file"
  done
}

# haproxy_settings MODE: what haproxy's two TLS pairs have in common; the buffers and the key exchange are the bench's.
haproxy_settings() {
  cat <<CFG
global
  nbthread 2
  maxconn 9000
  tune.bufsize 65536
  ssl-default-bind-curves X25519
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
  ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-server-options ssl-min-ver TLSv1.3
defaults
  mode $1
  timeout connect 5s
  timeout client 1h
  timeout server 1h
CFG
}
