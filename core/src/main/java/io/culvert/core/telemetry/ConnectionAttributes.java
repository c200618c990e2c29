package io.culvert.core.telemetry;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a connection when it is opened and does not change. Immutable.
 *
 * @param service the service addressed; null when an address was
 * @param srcAddr the client's address
 * @param dstAddr where the bytes go: outbound the address dialled (of the tunnel: the peer's 15008), inbound the app's
 * @param hboneAddr the :authority's address when HBONE carries the connection
 */
public record ConnectionAttributes(
        Reporter reporter,
        Way way,
        SecurityPolicy security,
        Peer source,
        Peer destination,
        @Nullable DestinationService service,
        InetSocketAddress srcAddr,
        InetSocketAddress dstAddr,
        @Nullable InetSocketAddress hboneAddr) {}
