package io.culvert.waypoint;

import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import org.jspecify.annotations.Nullable;

/** What a client addressed: what its CONNECT names. Immutable. */
public sealed interface Addressed {
    /** Under which {@link io.culvert.core.route.RouteTable#service} has what was written for it. */
    String routesKey();

    /** The service; null when it is none. */
    @Nullable
    Service service();

    /** Where a request goes that no route takes elsewhere: key of the cluster. */
    String clusterKey(int port);

    /** A service. */
    record ToService(Service service) implements Addressed {
        @Override
        public String routesKey() {
            return service.key();
        }

        @Override
        public String clusterKey(int port) {
            return Cluster.key(service.key(), port, "");
        }
    }

    /**
     * One workload: requests go to it and nowhere else, as routes belong to services.
     *
     * @param cluster the workload at the address and port that the client dialled
     * @param routesKey of the policies of its waypoint
     */
    record ToWorkload(Workload workload, Cluster cluster, String routesKey) implements Addressed {
        @Override
        public @Nullable Service service() {
            return null;
        }

        @Override
        public String clusterKey(int port) {
            return cluster.key();
        }
    }
}
