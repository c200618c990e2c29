#!/usr/bin/env bash
# haproxy in the waypoint's place: TLS and HTTP in, routes by ACLs, HTTP/1.1 and TLS out over pooled connections.
. "$(dirname "$0")/lib.sh"

case $1 in
  start)
    # It reads no URI out of a certificate: who the client is stands in the subject.
    {
      printf 'global\n  log stdout format raw local0\n'
      haproxy_settings http
      cat <<CFG
  http-reuse always
  timeout http-request 1h
  log global
  log-format '{"time":"%tr","client":"%ci:%cp","method":"%HM","path":"%HU","protocol":"%HV","response_code":%ST,"bytes_sent":%B,"bytes_received":%U,"duration":%Ta,"route":"%b","upstream_host":"%si:%sp","state":"%tsc"}'
frontend waypoint
  bind :$((http + 20000)) backlog 4096 ssl crt $PEER_CERTS/server-all.pem ca-file $PEER_CERTS/ca.pem verify required alpn http/1.1
  bind :$((${PEER_PORTS##* } + 20000)) backlog 4096 ssl crt $PEER_CERTS/server-all.pem ca-file $PEER_CERTS/ca.pem verify required alpn h2
  acl v2 path /api/v2
  acl v2 path_beg /api/v2/
  acl api path /api
  acl api path_beg /api/
  http-request deny deny_status 403 unless { ssl_c_s_dn(O) bench }
  http-request deny deny_status 403 unless { method GET POST }
  http-request redirect location /new code 302 if { path /old }
  http-request set-header x-api v2 if v2
  use_backend canary if v2
  use_backend app if api
  use_backend canary if { req.hdr(x-release) canary }
  default_backend app
CFG
      for backend in app canary; do
        cat <<CFG
backend $backend
  server s $PEER_SERVER_IP:$((http + 20000)) ssl crt $PEER_CERTS/client-all.pem ca-file $PEER_CERTS/ca.pem verify required pool-purge-delay 1h
CFG
      done
    } >"$PEER_DIR/middle.cfg"
    waypoint_halves
    launch "$PEER_MIDDLE_NETNS" middle sh -c "exec haproxy -db -f '$PEER_DIR/middle.cfg' >>'$PEER_DIR/access.log'"
    waypoint_ready
    echo "version $(haproxy -v | sed -n '1s/ - .*//p')"
    ;;
  stop) stop_all ;;
esac
