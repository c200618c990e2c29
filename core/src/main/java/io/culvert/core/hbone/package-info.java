/**
 * HBONE, the mesh's tunnel: TLS 1.3 with both sides' SPIFFE identities, HTTP/2 in it, and one CONNECT stream for each
 * app connection. The framing and the flow control are our own (RFC 9113), so that bytes pass from a TLS read to the
 * app's socket without a copy, one flush covers a loop turn, and nothing is ever received that was not granted from a
 * budget. {@link io.culvert.core.hbone.HbonePool} opens streams, {@link io.culvert.core.hbone.HboneServer} takes them;
 * in between, everything that belongs to one tunnel is owned by the event loop that its socket is registered on.
 */
@NullMarked
package io.culvert.core.hbone;

import org.jspecify.annotations.NullMarked;
