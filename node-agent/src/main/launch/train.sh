#!/usr/bin/env bash
# Makes the ahead-of-time cache of the agent (JEP 514, 515): classes loaded and linked, methods profiled. An agent of
# this build runs once with a controller and two pods, all in network namespaces that end with this script, and carries
# some requests through a tunnel. Called by ./culvert in a network namespace of its own: train.sh CULVERT CACHE
set -euo pipefail

culvert=$1
cache=$2
work=$(mktemp -d)
pids=()

cleanup() {
  local pid
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  # The controller writes until it has ended.
  wait "${pids[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

# answers PORT PATH: the body of GET, or nothing.
answers() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
    cat <&3
  ) 2>/dev/null || true
}

# until_true SECONDS COMMAND...
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

ready() { [[ "$(answers 15021 /healthz/ready)" == *$'\r\n\r\nready'* ]]; }
certified() { [[ "$(answers 15000 /certificates | grep -c Available)" == 2 ]]; }

# pod NAME ADDRESS: a namespace that lives as long as its process; its pid is in the array.
pod() {
  unshare -n sleep 300 &
  pids+=($!)
  printf -v "$1" %s $!
  cat >>"$work/config/mesh.yaml" <<YAML
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: $1, namespace: train}}
---
apiVersion: v1
kind: Pod
metadata: {name: $1, namespace: train, uid: $1}
spec: {nodeName: train, serviceAccountName: $1, containers: [{name: app, image: none}]}
status: {phase: Running, podIP: $2, podIPs: [{ip: $2}], conditions: [{type: Ready, status: "True"}]}
YAML
}

# announce NAME PID ADDRESS: what a CNI plugin would say.
announce() {
  python3 - "$work/cni.sock" "$@" <<'PY'
import json, socket, sys
path, name, pid, address = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect(path)
s.sendall(json.dumps({
    "env": {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": name, "CNI_NETNS": f"/proc/{pid}/ns/net", "CNI_IFNAME": "eth0",
            "CNI_ARGS": f"K8S_POD_NAMESPACE=train;K8S_POD_NAME={name};K8S_POD_UID={name}"},
    "config": {"cniVersion": "1.0.0", "name": "train", "type": "culvert",
               "prevResult": {"cniVersion": "1.0.0", "ips": [{"address": f"{address}/30"}]}}}).encode())
s.shutdown(socket.SHUT_WR)
sys.exit(b'"code"' in s.recv(65536))
PY
}

# traffic CLIENT SERVER: a few hundred requests of new and kept connections.
traffic() {
  nsenter -t "$2" -n python3 -c '
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 8080), Echo).serve_forever()' 2>/dev/null &
  pids+=($!)
  nsenter -t "$1" -n python3 -c '
import socket, time
end = time.monotonic() + 6
while time.monotonic() < end:
    try:
        with socket.create_connection(("10.255.0.2", 8080), timeout=5) as s:
            for _ in range(20):
                s.sendall(b"x" * 1024)
                s.recv(65536)
    except OSError:
        time.sleep(0.1)'
}

mkdir -p "$work"/{config,tokens,controller,agent}
echo training-token-of-this-build >"$work/tokens/train"
cat >"$work/config/mesh.yaml" <<'YAML'
{apiVersion: v1, kind: Node, metadata: {name: train}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: train, labels: {culvert.io/mesh: enabled}}}
YAML
client='' server=''
pod client 10.255.0.1
pod server 10.255.0.2

ip link set lo up
until_true 5 test "$(readlink "/proc/$server/ns/net")" != "$(readlink /proc/self/ns/net)"
ip link add eth0 netns "$client" type veth peer name eth0 netns "$server"
for end in "$client 10.255.0.1" "$server 10.255.0.2"; do
  read -r pid address <<<"$end"
  nsenter -t "$pid" -n ip link set lo up
  nsenter -t "$pid" -n ip addr add "$address/30" dev eth0
  nsenter -t "$pid" -n ip link set eth0 up
done

export CULVERT_NO_BUILD=1
"$culvert" controller --config "$work/config" --state-dir "$work/controller" --unix "$work/c.sock" \
  --node-tokens "$work/tokens" &
pids+=($!)
until_true 60 test -S "$work/c.sock"
CULVERT_JAVA_OPTS="-XX:AOTCacheOutput=$cache" "$culvert" agent --node train --xds "unix:$work/c.sock" \
  --node-token "$work/tokens/train" --state-dir "$work/agent" --cni-socket "$work/cni.sock" \
  --access-log "$work/access.log" --force-tunnel --drain 2s &
agent=$!
pids+=("$agent")
until_true 60 ready
announce client "$client" 10.255.0.1
announce server "$server" 10.255.0.2
until_true 30 certified
traffic "$client" "$server"
for path in /config_dump /pods /connections; do
  answers 15000 "$path" >/dev/null
done
answers 15020 /metrics >/dev/null
kill -TERM "$agent"
wait "$agent" || true
[[ -s "$cache" ]]
