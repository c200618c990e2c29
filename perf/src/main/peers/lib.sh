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

# waypoint_halves: the way to a proxy in the waypoint's place and from it, the same for all of them: haproxy in the
# client's pod (TLS out), haproxy in the server's (TLS in). The proxy takes port 20000 + P in the pod between the two.
waypoint_halves() {
  local port alpn=http/1.1
  haproxy_settings tcp >"$PEER_DIR/client.cfg"
  for port in $PEER_PORTS; do
    cat >>"$PEER_DIR/client.cfg" <<CFG
listen p$port
  bind :$((port + 10000)) backlog 4096
  server s $PEER_MIDDLE_IP:$((port + 20000)) ssl crt $PEER_CERTS/client-all.pem ca-file $PEER_CERTS/ca.pem verify required alpn $alpn
CFG
    # The first port is HTTP/1.1's, the second HTTP/2's.
    alpn=h2
  done
  {
    haproxy_settings tcp
    cat <<CFG
listen http
  bind :$((http + 20000)) backlog 4096 ssl crt $PEER_CERTS/server-all.pem ca-file $PEER_CERTS/ca.pem verify required
  server s 127.0.0.1:$http
CFG
  } >"$PEER_DIR/server.cfg"
  launch "$PEER_SERVER_NETNS" server haproxy -db -f "$PEER_DIR/server.cfg"
  launch "$PEER_CLIENT_NETNS" client haproxy -db -f "$PEER_DIR/client.cfg"
  listening "$PEER_SERVER_NETNS" $((http + 20000)) server
  for port in $PEER_PORTS; do
    listening "$PEER_CLIENT_NETNS" $((port + 10000)) client
  done
}

# waypoint_ready: the proxy between listens; its process alone counts.
waypoint_ready() {
  local port
  for port in $PEER_PORTS; do
    listening "$PEER_MIDDLE_NETNS" $((port + 20000)) middle
    echo "port $port"
  done
  pids middle
}

# haproxy_settings MODE: what haproxy's TLS proxies have in common; the buffers and the key exchange are the bench's.
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

# The application's first port is HTTP.
http=${PEER_PORTS%% *}
