package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import java.util.concurrent.atomic.AtomicBoolean;

/** A connection of bytes from the choice to its end. */
final class TcpLease implements TcpChoice {
    private final ClusterState state;
    private final Host host;
    private final Endpoint endpoint;
    private final AtomicBoolean over = new AtomicBoolean();

    /** The connection is counted already. */
    TcpLease(ClusterState state, Host host) {
        this.state = state;
        this.host = host;
        endpoint = host.endpoint();
        host.active.getAndIncrement();
        state.stats().count(ClusterStats.Count.CONNECTIONS);
    }

    @Override
    public Endpoint endpoint() {
        return endpoint;
    }

    @Override
    public String address() {
        return host.address;
    }

    @Override
    public void connected() {
        OutlierDetection detection = state.policy().outliers();
        if (detection != null) {
            state.outliers().connected(host, detection);
        }
    }

    @Override
    public void failed() {
        state.stats().count(ClusterStats.Count.CONNECT_FAILURES);
        OutlierDetection detection = state.policy().outliers();
        if (detection != null) {
            state.outliers().localFailure(host, detection);
        }
    }

    @Override
    public void done() {
        if (over.compareAndSet(false, true)) {
            host.active.getAndDecrement();
            state.stats().connections.getAndDecrement();
        }
    }
}
