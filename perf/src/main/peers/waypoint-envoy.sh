#!/usr/bin/env bash
# Envoy in the waypoint's place: TLS and HTTP in, its route table, RBAC and JSON access log, HTTP/1.1 and TLS out over
# pooled connections.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/envoy-lib.sh"

# route CLUSTER: without a limit of time, with the retries that a waypoint makes by default.
route() {
  echo "route: {cluster: $1, timeout: 0s, retry_policy: {retry_on: \"connect-failure,refused-stream,reset-before-request\", num_retries: 2}}"
}

# listener PORT
listener() {
  cat <<YAML
    - name: l$1
      address: {socket_address: {address: 0.0.0.0, port_value: $1}}
      per_connection_buffer_limit_bytes: 65536
      tcp_backlog_size: 4096
      filter_chains:
      - filters:
        - name: envoy.filters.network.http_connection_manager
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
            stat_prefix: waypoint
            codec_type: AUTO
            route_config:
              virtual_hosts:
              - name: app
                domains: ["*"]
                routes:
                - match: {path: /old}
                  redirect: {path_redirect: /new, response_code: FOUND}
                - match: {path_separated_prefix: /api/v2}
                  request_headers_to_add: [{header: {key: x-api, value: v2}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}]
                  $(route canary)
                - match: {path_separated_prefix: /api}
                  $(route app)
                - match: {prefix: /, headers: [{name: x-release, string_match: {exact: canary}}]}
                  $(route canary)
                - match: {prefix: /}
                  $(route app)
            http_filters:
            - name: envoy.filters.http.rbac
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
                rules:
                  action: ALLOW
                  policies:
                    clients:
                      permissions:
                      - or_rules:
                          rules:
                          - header: {name: ":method", string_match: {exact: GET}}
                          - header: {name: ":method", string_match: {exact: POST}}
                      principals:
                      - authenticated: {principal_name: {exact: "spiffe://cluster.local/ns/bench/sa/client"}}
            - name: envoy.filters.http.router
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
            access_log:
            - name: envoy.access_loggers.file
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                path: "$PEER_DIR/access.log"
                log_format:
                  json_format:
                    time: "%START_TIME%"
                    client: "%DOWNSTREAM_REMOTE_ADDRESS%"
                    principal: "%DOWNSTREAM_PEER_URI_SAN%"
                    method: "%REQ(:METHOD)%"
                    path: "%REQ(:PATH)%"
                    protocol: "%PROTOCOL%"
                    authority: "%REQ(:AUTHORITY)%"
                    response_code: "%RESPONSE_CODE%"
                    response_flags: "%RESPONSE_FLAGS%"
                    bytes_received: "%BYTES_RECEIVED%"
                    bytes_sent: "%BYTES_SENT%"
                    duration: "%DURATION%"
                    upstream_host: "%UPSTREAM_HOST%"
                    upstream_cluster: "%UPSTREAM_CLUSTER%"
                    user_agent: "%REQ(USER-AGENT)%"
        transport_socket:
          name: tls
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
            require_client_certificate: true
$(tls server | sed -e 's/^/  /' -e "s/common_tls_context:/&\n              alpn_protocols: [h2, http\/1.1]/")
YAML
}

# cluster NAME
cluster() {
  cat <<YAML
    - name: $1
      type: STATIC
      connect_timeout: 5s
      per_connection_buffer_limit_bytes: 65536
      load_assignment:
        cluster_name: $1
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: $PEER_SERVER_IP, port_value: $((http + 20000))}}}}]}]
      circuit_breakers: {thresholds: [{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000, max_retries: 20000}]}
      transport_socket:
        name: tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
$(tls client)
YAML
}

case $1 in
  start)
    fetch
    {
      printf 'static_resources:\n  listeners:\n'
      for port in $PEER_PORTS; do
        listener $((port + 20000))
      done
      printf '  clusters:\n'
      cluster app
      cluster canary
    } >"$PEER_DIR/middle.yaml"
    waypoint_halves
    launch "$PEER_MIDDLE_NETNS" middle "$binary" --concurrency 2 --disable-hot-restart -l warn -c "$PEER_DIR/middle.yaml"
    waypoint_ready
    echo "version Envoy $release"
    ;;
  stop) stop_all ;;
esac
