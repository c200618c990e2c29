#!/usr/bin/env bash
# nginx as a pair of TLS 1.3 stream proxies, a TLS connection per connection.
. "$(dirname "$0")/lib.sh"

config() {
  cat <<CFG
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root;
worker_processes 2;
worker_rlimit_nofile 20000;
daemon off;
pid $PEER_DIR/$1-nginx.pid;
error_log $PEER_DIR/$1-error.log warn;
events { worker_connections 9000; }
stream {
  access_log off;
  proxy_buffer_size 64k;
  proxy_timeout 1h;
  ssl_protocols TLSv1.3;
  ssl_ecdh_curve X25519;
  ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  proxy_ssl_protocols TLSv1.3;
  proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
CFG
}

case $1 in
  start)
    config client >"$PEER_DIR/client.conf"
    config server >"$PEER_DIR/server.conf"
    for port in $PEER_PORTS; do
      cat >>"$PEER_DIR/client.conf" <<CFG
  server {
    listen $((port + 10000)) backlog=4096;
    proxy_pass $PEER_SERVER_IP:$((port + 20000));
    proxy_ssl on;
    proxy_ssl_certificate $PEER_CERTS/client.pem;
    proxy_ssl_certificate_key $PEER_CERTS/client.key;
    proxy_ssl_trusted_certificate $PEER_CERTS/ca.pem;
    proxy_ssl_verify on;
    proxy_ssl_name peer;
  }
CFG
      cat >>"$PEER_DIR/server.conf" <<CFG
  server {
    listen $((port + 20000)) ssl backlog=4096;
    ssl_certificate $PEER_CERTS/server.pem;
    ssl_certificate_key $PEER_CERTS/server.key;
    ssl_client_certificate $PEER_CERTS/ca.pem;
    ssl_verify_client on;
    proxy_pass 127.0.0.1:$port;
  }
CFG
    done
    echo "}" >>"$PEER_DIR/client.conf"
    echo "}" >>"$PEER_DIR/server.conf"
    launch "$PEER_SERVER_NETNS" server nginx -p "$PEER_DIR" -e "$PEER_DIR/server-start.log" -c "$PEER_DIR/server.conf"
    launch "$PEER_CLIENT_NETNS" client nginx -p "$PEER_DIR" -e "$PEER_DIR/client-start.log" -c "$PEER_DIR/client.conf"
    for port in $PEER_PORTS; do
      listening "$PEER_SERVER_NETNS" $((port + 20000)) server
      listening "$PEER_CLIENT_NETNS" $((port + 10000)) client
    done
    pids server
    pids client
    echo "version $(nginx -v 2>&1 | sed 's/.*: //')"
    ;;
  stop) stop_all ;;
esac
