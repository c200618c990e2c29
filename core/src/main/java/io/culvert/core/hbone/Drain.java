package io.culvert.core.hbone;

import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The ends of a tunnel that are known beforehand: the deadline of a drain, and the expiry of a certificate, which begins
 * one. Owned by: the tunnel's loop.
 */
final class Drain {
    private final TunnelCore tunnel;
    private @Nullable ScheduledFuture<?> expiry;
    private @Nullable ScheduledFuture<?> deadline;

    Drain(TunnelCore tunnel) {
        this.tunnel = tunnel;
    }

    /** When a certificate expires, the tunnel takes no new streams and the present ones have the drain's time. */
    void expireAt(Instant at) {
        Duration left = Duration.between(tunnel.shared.clock().instant(), at);
        expiry = tunnel.after(left.isNegative() ? Duration.ZERO : left, () -> {
            if (!tunnel.isClosed()) {
                tunnel.retire("a certificate of the tunnel expired at " + at);
                closeAfter(
                        tunnel.shared.settings().timeouts().drain(),
                        new ResetReason(
                                ResetReason.Kind.EXPIRED,
                                H2Error.NO_ERROR,
                                "a certificate of the tunnel to " + tunnel.remoteAddress() + " expired at " + at));
            }
        });
    }

    /** See {@link TunnelCore#closeAfter}. */
    void closeAfter(Duration time, ResetReason reason) {
        if (!tunnel.isClosed()) {
            TunnelCore.cancel(deadline);
            deadline = tunnel.after(time, () -> tunnel.close(reason, H2Error.NO_ERROR));
        }
    }

    void stop() {
        TunnelCore.cancel(expiry);
        TunnelCore.cancel(deadline);
    }
}
