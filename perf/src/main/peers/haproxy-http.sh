#!/usr/bin/env bash
# haproxy as a pair of HTTP proxies: HTTP/1.1 in, HTTP/2 over a few pooled mutual TLS connections between the two.
. "$(dirname "$0")/lib.sh"

port=${PEER_PORTS%% *}
case $1 in
  start)
    {
      haproxy_settings http
      cat <<CFG
  http-reuse always
  timeout http-request 1h
listen http
  bind :$((port + 10000)) backlog 4096
  server s $PEER_SERVER_IP:$((port + 20000)) ssl crt $PEER_CERTS/client-all.pem ca-file $PEER_CERTS/ca.pem verify required alpn h2
CFG
    } >"$PEER_DIR/client.cfg"
    {
      haproxy_settings http
      cat <<CFG
  http-reuse always
  timeout http-request 1h
listen http
  bind :$((port + 20000)) backlog 4096 ssl crt $PEER_CERTS/server-all.pem ca-file $PEER_CERTS/ca.pem verify required alpn h2
  server s 127.0.0.1:$port
CFG
    } >"$PEER_DIR/server.cfg"
    launch "$PEER_SERVER_NETNS" server haproxy -db -f "$PEER_DIR/server.cfg"
    launch "$PEER_CLIENT_NETNS" client haproxy -db -f "$PEER_DIR/client.cfg"
    listening "$PEER_SERVER_NETNS" $((port + 20000)) server
    listening "$PEER_CLIENT_NETNS" $((port + 10000)) client
    pids server
    pids client
    echo "port $port"
    echo "version $(haproxy -v | sed -n '1s/ - .*//p')"
    ;;
  stop) stop_all ;;
esac
