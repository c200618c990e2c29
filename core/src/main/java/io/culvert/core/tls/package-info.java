/**
 * Mutual TLS between mesh peers: Netty contexts out of {@link io.culvert.identity.Credentials}, verification of the peer by
 * the rules of X509-SVID at each handshake, and names for what goes wrong. TLS 1.3 by BoringSSL and nothing else.
 */
@NullMarked
package io.culvert.core.tls;

import org.jspecify.annotations.NullMarked;
