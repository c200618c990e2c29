#!/usr/bin/env bash
# haproxy as a plain relay in the client's pod.
. "$(dirname "$0")/lib.sh"

case $1 in
  start)
    cat >"$PEER_DIR/client.cfg" <<CFG
global
  nbthread 2
  maxconn 9000
  tune.bufsize 65536
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
CFG
    for port in $PEER_PORTS; do
      cat >>"$PEER_DIR/client.cfg" <<CFG
listen p$port
  bind :$((port + 10000)) backlog 4096
  server s $PEER_SERVER_IP:$port
CFG
    done
    launch "$PEER_CLIENT_NETNS" client haproxy -db -f "$PEER_DIR/client.cfg"
    for port in $PEER_PORTS; do
      listening "$PEER_CLIENT_NETNS" $((port + 10000)) client
    done
    pids client
    echo "version $(haproxy -v | sed -n '1s/ - .*//p')"
    ;;
  stop) stop_all ;;
esac
