#!/usr/bin/env bash
# Envoy as a pair of TLS 1.3 proxies, a TLS connection per connection.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/envoy-lib.sh"

# listener PORT CLUSTER [SIDE]: with TLS when there is a side.
listener() {
  cat <<YAML
    - name: l$1
      address: {socket_address: {address: 0.0.0.0, port_value: $1}}
      per_connection_buffer_limit_bytes: 65536
      tcp_backlog_size: 4096
      filter_chains:
      - filters:
        - name: envoy.filters.network.tcp_proxy
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
            stat_prefix: l$1
            cluster: $2
YAML
  [[ -z "${3:-}" ]] || cat <<YAML
        transport_socket:
          name: tls
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
            require_client_certificate: true
$(tls "$3" | sed 's/^/  /')
YAML
}

# cluster NAME HOST PORT [SIDE]
cluster() {
  cat <<YAML
    - name: $1
      type: STATIC
      connect_timeout: 5s
      per_connection_buffer_limit_bytes: 65536
      load_assignment:
        cluster_name: $1
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: $2, port_value: $3}}}}]}]
      circuit_breakers: {thresholds: [{max_connections: 20000, max_pending_requests: 20000}]}
YAML
  [[ -z "${4:-}" ]] || cat <<YAML
      transport_socket:
        name: tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
$(tls "$4")
YAML
}

case $1 in
  start)
    fetch
    client_listeners='' client_clusters='' server_listeners='' server_clusters=''
    for port in $PEER_PORTS; do
      client_listeners+=$(listener $((port + 10000)) "c$port")$'\n'
      client_clusters+=$(cluster "c$port" "$PEER_SERVER_IP" $((port + 20000)) client)$'\n'
      server_listeners+=$(listener $((port + 20000)) "c$port" server)$'\n'
      server_clusters+=$(cluster "c$port" 127.0.0.1 "$port")$'\n'
    done
    printf 'static_resources:\n  listeners:\n%s  clusters:\n%s' "$client_listeners" "$client_clusters" >"$PEER_DIR/client.yaml"
    printf 'static_resources:\n  listeners:\n%s  clusters:\n%s' "$server_listeners" "$server_clusters" >"$PEER_DIR/server.yaml"
    launch "$PEER_SERVER_NETNS" server "$binary" --concurrency 2 --disable-hot-restart -l warn -c "$PEER_DIR/server.yaml"
    launch "$PEER_CLIENT_NETNS" client "$binary" --concurrency 2 --disable-hot-restart -l warn -c "$PEER_DIR/client.yaml"
    for port in $PEER_PORTS; do
      listening "$PEER_SERVER_NETNS" $((port + 20000)) server
      listening "$PEER_CLIENT_NETNS" $((port + 10000)) client
    done
    pids server
    pids client
    echo "version Envoy $release"
    ;;
  stop) stop_all ;;
esac
