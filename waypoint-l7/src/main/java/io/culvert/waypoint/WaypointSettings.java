package io.culvert.waypoint;

import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.relay.RelaySettings;
import io.culvert.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * What a waypoint is told. Immutable.
 *
 * @param name of its Gateway, which is its service's name too
 * @param namespace of its Gateway
 * @param uid of its pod's workload: where it stands, and what it calls itself
 * @param network of its pod; "" unless the mesh spans several
 * @param identity of its pod
 * @param listen where tunnels come in
 * @param detectWait how long a client may take to show what it speaks where that is not declared; after it the
 *     connection is bytes, so that protocols in which the server speaks first get through
 * @param maxConnections connections of clients at once, and likewise tunnels that carry them
 * @param budgets byte budgets
 */
public record WaypointSettings(
        String name,
        String namespace,
        String uid,
        String network,
        SpiffeId identity,
        InetSocketAddress listen,
        Duration detectWait,
        int maxConnections,
        Budgets budgets,
        RelaySettings relay,
        HboneSettings hbone) {
    /**
     * Byte budgets; a stream is charged for its window when that is granted.
     *
     * @param stream queues and window of one stream
     * @param all of the waypoint
     */
    public record Budgets(long stream, long all) {
        /** A stream's window may grow to 1 MiB. */
        public static final Budgets DEFAULT = new Budgets(2L << 20, 1L << 30);

        public Budgets {
            if (stream < 128 << 10 || all < stream) {
                throw new IllegalArgumentException(
                        "budgets: want stream (128 KiB or more) <= all, have " + stream + ", " + all);
            }
        }
    }

    /** As many as the byte budget of all has first windows for. */
    public static final int MAX_CONNECTIONS = 16_384;

    /** Smaller windows than an agent's: a waypoint holds both halves of what it carries. */
    private static final HboneSettings.Flow FLOW =
            new HboneSettings.Flow(64 << 10, 1 << 20, 16 << 20, 256 << 10, 256 << 10, 64 << 10);

    /** The defaults for a waypoint. */
    public static WaypointSettings of(
            String name, String namespace, String uid, String network, SpiffeId identity, InetSocketAddress listen) {
        return new WaypointSettings(
                name,
                namespace,
                uid,
                network,
                identity,
                listen,
                Duration.ofSeconds(5),
                MAX_CONNECTIONS,
                Budgets.DEFAULT,
                RelaySettings.DEFAULT,
                HboneSettings.DEFAULT.with(FLOW));
    }

    /** The same with another wait. */
    public WaypointSettings withDetectWait(Duration wait) {
        return new WaypointSettings(
                name, namespace, uid, network, identity, listen, wait, maxConnections, budgets, relay, hbone);
    }

    /** The same with another limit of connections. */
    public WaypointSettings withMaxConnections(int most) {
        return new WaypointSettings(
                name, namespace, uid, network, identity, listen, detectWait, most, budgets, relay, hbone);
    }
}
