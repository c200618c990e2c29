#!/usr/bin/env bash
# nginx in the waypoint's place: TLS and HTTP in, routes by locations, HTTP/1.1 and TLS out over pooled connections.
. "$(dirname "$0")/lib.sh"

upstream() {
  cat <<CFG
  upstream $1 {
    server $PEER_SERVER_IP:$((http + 20000));
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
CFG
}

case $1 in
  start)
    # It reads no URI out of a certificate: who the client is stands in the subject.
    cat >"$PEER_DIR/middle.conf" <<CFG
user root;
worker_processes 2;
worker_rlimit_nofile 20000;
daemon off;
pid $PEER_DIR/middle-nginx.pid;
error_log $PEER_DIR/middle-error.log warn;
events { worker_connections 9000; }
http {
  log_format waypoint escape=json '{"time":"\$time_iso8601","client":"\$remote_addr:\$remote_port",'
    '"principal":"\$ssl_client_s_dn","method":"\$request_method","path":"\$request_uri","protocol":"\$server_protocol",'
    '"authority":"\$http_host","response_code":\$status,"bytes_sent":\$bytes_sent,"bytes_received":\$request_length,'
    '"duration":\$request_time,"upstream_host":"\$upstream_addr","upstream_time":"\$upstream_response_time",'
    '"user_agent":"\$http_user_agent"}';
  access_log $PEER_DIR/access.log waypoint;
  client_body_temp_path $PEER_DIR/body;
  proxy_temp_path $PEER_DIR/proxy;
  fastcgi_temp_path $PEER_DIR/fastcgi;
  uwsgi_temp_path $PEER_DIR/uwsgi;
  scgi_temp_path $PEER_DIR/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  ssl_protocols TLSv1.3;
  ssl_ecdh_curve X25519;
  ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  ssl_certificate $PEER_CERTS/server.pem;
  ssl_certificate_key $PEER_CERTS/server.key;
  ssl_client_certificate $PEER_CERTS/ca.pem;
  ssl_verify_client on;
  proxy_ssl_protocols TLSv1.3;
  proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  proxy_ssl_certificate $PEER_CERTS/client.pem;
  proxy_ssl_certificate_key $PEER_CERTS/client.key;
  proxy_ssl_trusted_certificate $PEER_CERTS/ca.pem;
  proxy_ssl_verify on;
  proxy_ssl_name peer;
  proxy_buffer_size 64k;
  proxy_buffers 4 64k;
  proxy_busy_buffers_size 128k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host \$http_host;
  map \$http_x_release \$release { default app; canary canary; }
$(upstream app)
$(upstream canary)
  server {
    listen $((http + 20000)) ssl backlog=4096;
    listen $((${PEER_PORTS##* } + 20000)) ssl http2 backlog=4096;
    if (\$ssl_client_s_dn != "O=bench") { return 403; }
    if (\$request_method !~ ^(GET|POST)\$) { return 403; }
    location = /old { return 302 /new; }
    location /api/v2/ {
      proxy_set_header Connection "";
      proxy_set_header Host \$http_host;
      proxy_set_header x-api v2;
      proxy_pass https://canary;
    }
    location /api/ { proxy_pass https://app; }
    location / { proxy_pass https://\$release; }
  }
}
CFG
    waypoint_halves
    launch "$PEER_MIDDLE_NETNS" middle nginx -p "$PEER_DIR" -e "$PEER_DIR/middle-start.log" -c "$PEER_DIR/middle.conf"
    waypoint_ready
    echo "version $(nginx -v 2>&1 | sed 's/.*: //')"
    ;;
  stop) stop_all ;;
esac
