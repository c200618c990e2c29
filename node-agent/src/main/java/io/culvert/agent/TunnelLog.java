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
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what happens to tunnels. A failure of our own tunnel is told by the connections that wanted it; a peer that is
 * refused has none, so the log tells of it: each reason once a minute at most. Any thread.
 */
final class TunnelLog implements TunnelEvents {
    private static final Logger LOG = LoggerFactory.getLogger(TunnelLog.class);
    private static final Duration QUIET = Duration.ofMinutes(1);

    private final Map<TlsFailure, Instant> told = new ConcurrentHashMap<>();
    private final InstantSource clock;
    private final Telemetry telemetry;
    private final Counter up;
    private final CounterFamily down;
    private final CounterFamily failed;

    TunnelLog(Telemetry telemetry, InstantSource clock) {
        this.telemetry = telemetry;
        this.clock = clock;
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
            TlsFailure failure = cause == null ? TlsFailure.OTHER : TlsFailure.of(cause);
            // Our own tunnels go to the port of HBONE; a peer's come from any other.
            Reporter side = remote.getPort() == MeshSockets.HBONE_PORT ? Reporter.SOURCE : Reporter.DESTINATION;
            telemetry.handshakeFailed(side, kind == HboneFailure.WRONG_PEER ? "wrong_peer" : failure.label());
            if (side == Reporter.DESTINATION && isNews(failure)) {
                LOG.warn(
                        "Refused a tunnel from {} to a pod of {}: {}: {}; {}. More of this reason are only counted for a"
                                + " minute (culvert_tls_handshakes_failed_total)",
                        remote,
                        local,
                        failure.label(),
                        cause == null ? detail : TlsFailure.detail(cause),
                        remedy(failure));
            }
        }
        LOG.debug("tunnel of {} with {} failed: {} {}", local, remote, kind, detail);
    }

    /** Who only looks whether the port is open ends the connection during the handshake: no news. */
    private boolean isNews(TlsFailure failure) {
        if (failure == TlsFailure.CLOSED) {
            return false;
        }
        Instant now = clock.instant();
        Instant last = told.get(failure);
        if (last == null) {
            return told.putIfAbsent(failure, now) == null;
        }
        return now.isAfter(last.plus(QUIET)) && told.replace(failure, last, now);
    }

    private static String remedy(TlsFailure failure) {
        return switch (failure) {
            case EXPIRED, NOT_YET_VALID ->
                "look whether the peer's agent reaches its certificate authority, and at the clocks of both nodes";
            case WRONG_TRUST_DOMAIN, BAD_CHAIN ->
                "the peer is of another mesh, or one side has an old root certificate";
            case NO_SPIFFE_ID, BAD_PROFILE, MALFORMED, NO_CERTIFICATE ->
                "only proxies of the mesh have certificates for this port: look what runs at that address";
            case REFUSED_BY_PEER -> "the peer's log says why it refuses this pod's certificate";
            case VERSION, NO_COMMON_PARAMETERS -> "the peer has to speak TLS 1.3 with AES-GCM and X25519 or P-256";
            case NOT_TLS -> "this port is for proxies of the mesh only: look what runs at that address";
            case TIMEOUT -> "the peer or the network is overloaded, or it is no proxy of the mesh";
            case CLOSED, OTHER -> "the peer's log may know more";
        };
    }
}
