package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** What happens to tunnels rather than streams, for logs and metrics. Called on the tunnel's loop; must not block. */
public interface TunnelEvents {
    /** Keeps silent. */
    TunnelEvents NONE = new TunnelEvents() {};

    /** The peer's SETTINGS have come: the tunnel takes streams. */
    default void onUp(Tunnel tunnel) {}

    /** A tunnel that was up has ended; {@code reason} is null when it ended in order (idle, drained, peer closed). */
    default void onDown(Tunnel tunnel, @Nullable ResetReason reason) {}

    /**
     * A tunnel did not come up.
     *
     * @param local the identity that it was for
     * @param remote the other end
     * @param cause the exception of TLS or the transport, where there is one
     */
    default void onFailed(
            SpiffeId local, InetSocketAddress remote, HboneFailure kind, String detail, @Nullable Throwable cause) {}
}
