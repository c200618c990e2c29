package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import java.net.InetAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Endpoints for connections of bytes: the same choice as for requests, once for each connection and without pools. Any thread. */
public interface TcpUpstreams {
    /**
     * Chooses an endpoint and counts nothing.
     *
     * @param source the client's address, for clusters that hash it
     * @param tried uids of workloads to avoid if there is another
     * @return null when there is none
     */
    @Nullable
    Endpoint choose(Cluster cluster, RouteTable table, InetAddress source, Set<String> tried);

    /** Chooses an endpoint for a connection that counts, within the cluster's limit, until its choice is done. */
    Result open(Cluster cluster, RouteTable table, InetAddress source, Set<String> tried);

    /** An endpoint or a reason. */
    sealed interface Result {
        /** Connect to this one. */
        record Chosen(TcpChoice choice) implements Result {}

        /** Refuse the connection. */
        record Refused(Upstreams.Unavailable why, String detail) implements Result {}
    }
}
