package io.culvert.agent;

import io.culvert.core.hbone.HboneFailure;
import io.culvert.core.hbone.ResetReason;
import io.culvert.core.hbone.Tunnel;
import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.linux.MeshSockets;
import io.culvert.core.telemetry.Counter;
import io.culvert.core.telemetry.CounterFamily;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.Telemetry;
import io.culvert.core.tls.TlsFailure;
import io.culvert.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what happens to tunnels; each failure is also told by the connections that wanted the tunnel. */
final class TunnelLog implements TunnelEvents {
    private static final Logger LOG = LoggerFactory.getLogger(TunnelLog.class);

    private final Telemetry telemetry;
    private final Counter up;
    private final CounterFamily down;
    private final CounterFamily failed;

    TunnelLog(Telemetry telemetry) {
        this.telemetry = telemetry;
        this.up = telemetry.metrics().counter("culvert_tunnels_opened", "Tunnels that came up, both directions");
        this.down = telemetry.metrics().counters("culvert_tunnels_closed", "Tunnels that ended, by reason", "reason");
        this.failed = telemetry.metrics().counters("culvert_tunnels_failed", "Tunnels that did not come up", "reason");
    }

    @Override
    public void onUp(Tunnel tunnel) {
        up.inc();
        LOG.debug("tunnel {} - {} ({}) is up", tunnel.local(), tunnel.peer(), tunnel.remoteAddress());
    }

    @Override
    public void onDown(Tunnel tunnel, @Nullable ResetReason reason) {
        down.with(reason == null ? "ok" : reason.kind().name().toLowerCase(Locale.ROOT))
                .inc();
        LOG.debug("tunnel {} - {} ({}) ended: {}", tunnel.local(), tunnel.peer(), tunnel.remoteAddress(), reason);
    }

    @Override
    public void onFailed(
            SpiffeId local, InetSocketAddress remote, HboneFailure kind, String detail, @Nullable Throwable cause) {
        failed.with(kind.name().toLowerCase(Locale.ROOT)).inc();
        if (kind == HboneFailure.TLS || kind == HboneFailure.WRONG_PEER) {
            String reason = kind == HboneFailure.WRONG_PEER
                    ? "wrong_peer"
                    : (cause == null ? TlsFailure.OTHER : TlsFailure.of(cause)).label();
            // Our own tunnels go to the port of HBONE; a peer's come from any other.
            Reporter side = remote.getPort() == MeshSockets.HBONE_PORT ? Reporter.SOURCE : Reporter.DESTINATION;
            telemetry.handshakeFailed(side, reason);
        }
        LOG.debug("tunnel of {} with {} failed: {} {}", local, remote, kind, detail);
    }
}
