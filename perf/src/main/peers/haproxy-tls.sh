#!/usr/bin/env bash
# haproxy as a pair of TLS 1.3 proxies, a TLS connection per connection.
. "$(dirname "$0")/lib.sh"

case $1 in
  start)
    haproxy_settings tcp >"$PEER_DIR/client.cfg"
    haproxy_settings tcp >"$PEER_DIR/server.cfg"
    for port in $PEER_PORTS; do
      cat >>"$PEER_DIR/client.cfg" <<CFG
listen p$port
  bind :$((port + 10000)) backlog 4096
  server s $PEER_SERVER_IP:$((port + 20000)) ssl crt $PEER_CERTS/client-all.pem ca-file $PEER_CERTS/ca.pem verify required
CFG
      cat >>"$PEER_DIR/server.cfg" <<CFG
listen p$port
  bind :$((port + 20000)) backlog 4096 ssl crt $PEER_CERTS/server-all.pem ca-file $PEER_CERTS/ca.pem verify required
  server s 127.0.0.1:$port
CFG
    done
    launch "$PEER_SERVER_NETNS" server haproxy -db -f "$PEER_DIR/server.cfg"
    launch "$PEER_CLIENT_NETNS" client haproxy -db -f "$PEER_DIR/client.cfg"
    for port in $PEER_PORTS; do
      listening "$PEER_SERVER_NETNS" $((port + 20000)) server
      listening "$PEER_CLIENT_NETNS" $((port + 10000)) client
    done
    pids server
    pids client
    echo "version $(haproxy -v | sed -n '1s/ - .*//p')"
    ;;
  stop) stop_all ;;
esac
