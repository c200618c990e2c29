package io.culvert.core.hbone;

import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the peer of a tunnel that is up by a PING in every interval, and closes the tunnel when one has no answer for too
 * long. Owned by: the tunnel's loop.
 */
final class Liveness {
    /** A PING unanswered for this long tells something of how a connection ended. */
    private static final long TELLING_SILENCE_MILLIS = 1_000;

    private final TunnelCore tunnel;
    private final KeepAlive pings;
    private @Nullable ScheduledFuture<?> timer;

    Liveness(TunnelCore tunnel, KeepAlive pings) {
        this.tunnel = tunnel;
        this.pings = pings;
    }

    void start() {
        Duration every = tunnel.shared.settings().timeouts().pingInterval();
        timer = tunnel.eventLoop()
                .scheduleWithFixedDelay(this::onTick, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS);
    }

    void stop() {
        TunnelCore.cancel(timer);
    }

    private void onTick() {
        switch (pings.tick()) {
            case SEND -> tunnel.sendPing();
            case DEAD -> {
                dead();
                return;
            }
            case FINE -> {}
        }
        tunnel.tick(tunnel.age());
    }

    private void dead() {
        tunnel.shared.stats().pingTimeouts.increment();
        long patience = tunnel.shared.settings().timeouts().pingTimeout().toMillis();
        tunnel.close(
                new ResetReason(
                        ResetReason.Kind.PING_TIMEOUT,
                        H2Error.NO_ERROR,
                        "tunnel to " + tunnel.remoteAddress() + ": no answer to a PING within " + patience + " ms"),
                H2Error.NO_ERROR);
    }

    /** Why a connection ended: that the kernel gave up one that nobody reads (ETIMEDOUT) only shows as a silence. */
    String whyEnded() {
        long silence = TimeUnit.NANOSECONDS.toMillis(pings.unansweredNanos());
        return silence < TELLING_SILENCE_MILLIS
                ? "the peer closed the connection"
                : "the connection ended after a PING had no answer for " + silence
                        + " ms: the peer stopped reading, or the network no longer reaches it";
    }
}
