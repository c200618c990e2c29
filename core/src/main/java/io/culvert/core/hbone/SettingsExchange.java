package io.culvert.core.hbone;

import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The handshake of HTTP/2 (RFC 9113, section 3.4): our SETTINGS, the connection's window behind them, and the time that
 * the peer has for its own and for its acknowledgement. Owned by: the tunnel's loop.
 */
final class SettingsExchange {
    private final TunnelCore tunnel;
    private final TunnelFrames frames;
    private @Nullable ScheduledFuture<?> timer;

    SettingsExchange(TunnelCore tunnel, TunnelFrames frames) {
        this.tunnel = tunnel;
        this.frames = frames;
    }

    void begin() {
        int[] settings = tunnel.start();
        tunnel.scheduler().control(Frames.settings(tunnel.allocator(), settings));
        int more = tunnel.flow().connectionWindow() - Frames.DEFAULT_WINDOW;
        if (more > 0) {
            tunnel.scheduler().control(Frames.windowUpdate(tunnel.allocator(), 0, more));
            frames.grantedConnection(more);
        }
        frames.settingsSent();
        Duration timeout = tunnel.shared.settings().timeouts().settings();
        timer = tunnel.after(timeout, () -> onTimeout(timeout));
    }

    private void onTimeout(Duration timeout) {
        if (tunnel.isExchangingSettings()) {
            tunnel.fail(
                    HboneFailure.H2_HANDSHAKE,
                    "no SETTINGS from the peer within " + timeout.toMillis() + " ms",
                    H2Error.SETTINGS_TIMEOUT,
                    null);
        } else if (!frames.areSettingsAcknowledged()) {
            tunnel.connectionError(H2Error.SETTINGS_TIMEOUT, "our SETTINGS were not acknowledged");
        }
    }

    void stop() {
        TunnelCore.cancel(timer);
    }
}
