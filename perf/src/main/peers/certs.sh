#!/usr/bin/env bash
# certs.sh DIR: a CA and two certificates for the peers, as the mesh's are: P-256, signed with SHA-256, a SPIFFE ID in each.
set -euo pipefail
cd "$1"
quiet() { "$@" 2>/dev/null; }
quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /O=bench \
  -keyout ca.key -out ca.pem
for name in client server; do
  quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=bench" -keyout $name.key -out $name.csr
  printf 'subjectAltName=URI:spiffe://cluster.local/ns/bench/sa/%s,DNS:peer\nextendedKeyUsage=clientAuth,serverAuth\n' \
    $name >$name.ext
  quiet openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile $name.ext -out $name.pem
  cat $name.pem $name.key >$name-all.pem
  chmod 644 $name.key
done
