#!/usr/bin/env bash
# Makes the ahead-of-time caches of agent, controller and waypoint (JEP 514): classes loaded and linked. All run as they
# ship, in network namespaces that end with this script. The agent runs twice: what is recorded is a restart, with mesh
# state and captured pods on disk, and then traffic as people have it, through a tunnel, to a pod of the same node, to
# one outside of the mesh, and through a waypoint. Called by ./culvert in user, network and mount namespaces of its own:
# train.sh CULVERT DIRECTORY, which gets agent.aot, controller.aot and waypoint.aot.
set -euo pipefail

culvert=$1
caches=$2
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
    ((SECONDS < end)) || {
      echo "not within its time: $*" >&2
      return 1
    }
    sleep 0.2
  done
}

ready() { [[ "$(answers 15021 /healthz/ready)" == *$'\r\n\r\nready'* ]]; }
waypoint_ready() { [[ "$(nsenter -t "$way" -n bash -c "$(declare -f answers); answers 15021 /healthz/ready")" == *$'\r\n\r\nready'* ]]; }
certified() { [[ "$(answers 15000 /certificates | grep -c Available)" == 3 ]]; }

# pod NAME ADDRESS MESH [LABELS]: a namespace that lives as long as its process; its pid is in the variable NAME.
pod() {
  unshare -n sleep 600 &
  pids+=($!)
  printf -v "$1" %s $!
  cat >>"$work/config/mesh.yaml" <<YAML
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: $1, namespace: train}}
---
apiVersion: v1
kind: Pod
metadata: {name: $1, namespace: train, uid: $1, labels: {app: $1, culvert.io/mesh: $3${4:-}}}
spec: {nodeName: train, serviceAccountName: $1, containers: [{name: app, image: none}]}
status: {phase: Running, podIP: $2, podIPs: [{ip: $2}], conditions: [{type: Ready, status: "True"}]}
YAML
}

# join NUMBER PID ADDRESS: a link between the client and a server.
join() {
  ip link add "eth$1" netns "$client" type veth peer name eth0 netns "$2"
  nsenter -t "$client" -n ip addr add 10.255.0.1 peer "$3" dev "eth$1"
  nsenter -t "$client" -n ip link set "eth$1" up
  nsenter -t "$2" -n ip link set lo up
  nsenter -t "$2" -n ip addr add "$3" peer 10.255.0.1 dev eth0
  nsenter -t "$2" -n ip link set eth0 up
}

# join_way: the waypoint stands between the client and the far server.
join_way() {
  join 3 "$way" 10.255.0.5
  ip link add eth1 netns "$way" type veth peer name eth1 netns "$far"
  nsenter -t "$way" -n ip addr add 10.255.0.5 peer 10.255.0.3 dev eth1
  nsenter -t "$way" -n ip link set eth1 up
  nsenter -t "$far" -n ip addr add 10.255.0.3 peer 10.255.0.5 dev eth1
  nsenter -t "$far" -n ip link set eth1 up
  # The service's address is nowhere: connections to it are redirected before they leave.
  nsenter -t "$client" -n ip route add 10.96.0.0/16 dev eth1
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
               "prevResult": {"cniVersion": "1.0.0", "ips": [{"address": f"{address}/32"}]}}}).encode())
s.shutdown(socket.SHUT_WR)
sys.exit(b'"code"' in s.recv(65536))
PY
}

# The load program. It is small, so that the agent gets the cores.
load=("$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -Xmx128m -XX:TieredStopAtLevel=1
  -XX:-UsePerfData -cp "$(dirname "$culvert")/dist/lib/*" io.culvert.perf.load.LoadMain)

# from_client ARGUMENTS...: the load program in the client's namespace.
from_client() { nsenter -t "$client" -n "${load[@]}" "$@" </dev/null; }

# web_client COUNT: requests through the waypoint on kept connections; the last status is printed.
web_client() {
  nsenter -t "$client" -n python3 - "$1" <<'PY'
import http.client, sys
kept = [http.client.HTTPConnection("10.96.0.9", timeout=10) for _ in range(8)]
for i in range(int(sys.argv[1])):
    kept[i % 8].request(("GET", "POST")[i % 5 == 0], "/" if i % 3 else "/absent", body=b"x" * 2000 if i % 5 == 0 else None,
                        headers={"Host": "web.train"})
    answer = kept[i % 8].getresponse()
    answer.read()
print(answer.status)
PY
}

# traffic ADDRESS: kept connections, new ones, large messages both ways.
traffic() {
  from_client load "$1" 7007 1000 64 1024 0 2
  from_client hold "$1" 7007 200
  from_client probe "$1" 7007 1
  from_client load "$1" 7007 50 2 1048576 0 1
}

waypoint() {
  CULVERT_JAVA_OPTS="-XX:AOTCacheOutput=$caches/waypoint.aot -XX:-AOTRecordTraining" nsenter -t "$way" -n "$culvert" waypoint \
    --name way --namespace train --pod way --node train --xds "unix:$work/c.sock" --node-token "$work/tokens/train" \
    --state-dir "$work/waypoint" --access-log "$work/waypoint.log" &
  waypoint=$!
  pids+=("$waypoint")
  until_true 60 waypoint_ready
}

agent() {
  "$culvert" agent --node train --xds "unix:$work/c.sock" --node-token "$work/tokens/train" \
    --state-dir "$work/agent" --cni-socket "$work/cni.sock" --access-log "$work/access.log" --drain 2s &
  agent=$!
  pids+=("$agent")
  until_true 60 ready
}

mkdir -p "$work"/{config,tokens,controller,agent,waypoint}
echo training-token-of-this-build >"$work/tokens/train"
# The pod that a NetworkPolicy selects is reached through a tunnel, though it is on the same node.
cat >"$work/config/mesh.yaml" <<'YAML'
{apiVersion: v1, kind: Node, metadata: {name: train}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: train, labels: {culvert.io/mesh: enabled}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: far, namespace: train}
spec: {podSelector: {matchLabels: {app: far}}, policyTypes: [Ingress], ingress: [{}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: callers, namespace: train}
spec:
  action: ALLOW
  rules:
    - from: [{source: {principals: [cluster.local/ns/train/sa/client], namespaces: [train]}}]
      to: [{operation: {ports: ["7007"]}}]
    - from: [{source: {principals: [cluster.local/ns/train/sa/way]}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: strangers, namespace: train}
spec:
  action: DENY
  rules: [{from: [{source: {ipBlocks: [192.0.2.0/24]}}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: way, namespace: train}
spec: {gatewayClassName: culvert-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
---
apiVersion: v1
kind: Service
metadata: {name: way, namespace: train}
spec: {clusterIP: 10.96.0.8, selector: {app: way}, ports: [{name: tcp-hbone, port: 15008}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: train, labels: {culvert.io/use-waypoint: way}}
spec: {clusterIP: 10.96.0.9, selector: {app: far}, ports: [{name: http, port: 80, targetPort: 7008}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: train}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
    - matches: [{path: {value: /absent}, headers: [{name: x-user, value: nobody}]}]
      backendRefs: [{name: web, port: 80, weight: 1}, {name: web, port: 80, weight: 1}]
    - backendRefs: [{name: web, port: 80}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: methods, namespace: train}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  action: DENY
  rules: [{to: [{operation: {methods: [DELETE], paths: [/admin/*]}}]}]
YAML
client='' near='' far='' outside='' way=''
pod client 10.255.0.1 enabled
pod near 10.255.0.2 enabled
pod far 10.255.0.3 enabled
pod outside 10.255.0.4 disabled
pod way 10.255.0.5 disabled ', gateway.networking.k8s.io/gateway-name: way'

ip link set lo up
for pid in "$client" "$near" "$far" "$outside" "$way"; do
  until_true 5 test "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)"
done
nsenter -t "$client" -n ip link set lo up
join 0 "$near" 10.255.0.2
join 1 "$far" 10.255.0.3
join 2 "$outside" 10.255.0.4
join_way

export CULVERT_NO_BUILD=1 CULVERT_NO_CACHE=1
CULVERT_JAVA_OPTS="-XX:AOTCacheOutput=$caches/controller.aot" "$culvert" controller --config "$work/config" \
  --state-dir "$work/controller" --unix "$work/c.sock" --node-tokens "$work/tokens" &
controller=$!
pids+=("$controller")
until_true 60 test -S "$work/c.sock"

agent
announce client "$client" 10.255.0.1
announce near "$near" 10.255.0.2
announce far "$far" 10.255.0.3
until_true 30 certified
kill -TERM "$agent"
wait "$agent" || true

# Without the profiles of JEP 515: with them the optimizing compiler took 3.8 to 5.8 s of an agent's first 30 s at 1,000
# requests/s, without them 1.6 to 2.0 s, for code that was no faster, and the agent was 3 to 4 MiB larger.
export CULVERT_JAVA_OPTS="-XX:AOTCacheOutput=$caches/agent.aot -XX:-AOTRecordTraining"
agent
until_true 30 certified
for server in "$near" "$far" "$outside"; do
  # No function: its process would be a shell's, and the server outlive that.
  nsenter -t "$server" -n "${load[@]}" echo 7007 </dev/null &
  pids+=($!)
done
for address in 10.255.0.3 10.255.0.2 10.255.0.4; do
  until_true 10 from_client hold "$address" 7007 1 >/dev/null
done
traffic 10.255.0.3
traffic 10.255.0.2
traffic 10.255.0.4
waypoint
nsenter -t "$far" -n python3 -m http.server --protocol HTTP/1.1 7008 --directory "$work/waypoint" </dev/null >"$work/web.log" 2>&1 &
pids+=($!)
until_true 20 web_client 1
web_client 2000
nsenter -t "$way" -n bash -c "$(declare -f answers); answers 15020 /metrics" | grep istio_requests_total
kill -TERM "$waypoint"
wait "$waypoint" || true
answers 15000 /connections | tail -c 300
for path in /config_dump /pods /certificates; do
  answers 15000 "$path" >/dev/null
done
answers 15020 /metrics | grep istio_tcp_connections_opened_total
kill -TERM "$agent" "$controller"
wait "$agent" "$controller" || true
[[ -s "$caches/agent.aot" && -s "$caches/controller.aot" && -s "$caches/waypoint.aot" ]]
