package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.IncomingConnect;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs refused CONNECTs, of each kind one in so long; all are counted. Any thread. */
final class RefusedConnects {
    private static final Logger LOG = LoggerFactory.getLogger(RefusedConnects.class);
    private static final Duration QUIET = Duration.ofSeconds(10);

    private final Map<String, Instant> told = new ConcurrentHashMap<>();
    private final InstantSource clock;

    RefusedConnects(InstantSource clock) {
        this.clock = clock;
    }

    void tell(String kind, IncomingConnect connect, int status, String detail) {
        Instant now = clock.instant();
        Instant last = told.get(kind);
        if (last != null && now.isBefore(last.plus(QUIET))) {
            return;
        }
        told.put(kind, now);
        LOG.warn(
                "Refused CONNECT {} of {} at {} with {}: {}. More of this kind are only counted for {} s"
                        + " (culvert_waypoint_connects_total)",
                connect.authority(),
                connect.tunnel().peer(),
                connect.tunnel().remoteAddress(),
                status,
                detail,
                QUIET.toSeconds());
    }
}
