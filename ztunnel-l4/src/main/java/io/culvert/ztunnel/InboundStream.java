package io.culvert.ztunnel;

import io.culvert.core.hbone.Authority;
import io.culvert.core.hbone.IncomingConnect;
import io.culvert.core.hbone.Tunnel;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.PolicyContext;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.RelaySocket;
import io.culvert.core.relay.RelayStream;
import io.culvert.core.relay.TunnelHeaders;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.culvert.core.telemetry.Peer;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Way;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A CONNECT stream to an app of this node (l4-ztunnel rows 5, 19 to 21): destination checked, policy asked, app dialled
 * in the client's name, then 200. Owned by the tunnel's loop.
 */
final class InboundStream extends ProxiedConnection {
    // Null once it is answered: its headers need not live as long as the connection.
    private @Nullable IncomingConnect connect;
    private final Tunnel tunnel;
    private InetSocketAddress app;
    private @Nullable Workload own;

    private InboundStream(PodProxy pod, IncomingConnect connect) {
        super(
                pod,
                (ByteBudget) connect.budget(),
                connect.tunnel().remoteAddress(),
                connect.tunnel().localAddress(),
                connect.eventLoop());
        this.connect = connect;
        this.tunnel = connect.tunnel();
        this.app = requested;
    }

    /** Takes a request; on the tunnel's loop. */
    static void begin(PodProxy pod, IncomingConnect connect) {
        InboundStream stream = new InboundStream(pod, connect);
        pod.connections.add(stream);
        connect.onCancelled(stream::onEarlyReset);
        stream.awaitWorkload();
    }

    @Override
    void resume(Workload workload) {
        own = workload;
        if (connect == null) {
            return;
        }
        Authority authority = connect.authority();
        int port = authority.address() == null ? servicePort(authority, workload) : authority.port();
        if (authority.address() == null && port <= 0) {
            end(
                    port < 0 ? CloseReason.UNKNOWN_DESTINATION : CloseReason.BAD_REQUEST,
                    "CONNECT to " + authority + ": no such service of " + workload.uid() + " or no such port",
                    null);
            return;
        }
        // The target is this pod whatever the authority says; a name is checked by the look-up of its service.
        app = new InetSocketAddress(requested.getAddress(), port);
        if (authority.address() != null && !Ip.of(authority.address()).equals(Ip.of(requested.getAddress()))) {
            end(
                    CloseReason.IP_MISMATCH,
                    "ip mismatch: CONNECT to " + authority + " came to " + TunnelHeaders.text(requested)
                            + ": the client's mesh state is old, or it is not honest",
                    null);
            return;
        }
        if (OutboundDecider.isProxyPort(port)) {
            end(CloseReason.LOOP, "CONNECT to the proxy's own port " + port, null);
            return;
        }
        PolicyContext seen =
                new PolicyContext(tunnel.peer(), Ip.of(source.getAddress()), Ip.of(app.getAddress()), app.getPort());
        if (admitted(pod, workload, seen)) {
            dialApp(pod, app);
        }
    }

    /** Target port of a service that this pod is an endpoint of; 0: no such port, -1: no such service. */
    private int servicePort(Authority authority, Workload workload) {
        Service service = node.state().serviceNamed(authority.host(), workload.namespace());
        if (service == null) {
            return -1;
        }
        PortMap ports = workload.services().get(service.key());
        return ports == null
                ? -1
                : OutboundDecider.targetPort(service, new Endpoint(workload, ports), authority.port());
    }

    @Override
    public void onConnected(RelaySocket server) {
        dialed();
        IncomingConnect asked = connect;
        Workload workload = own;
        if (asked == null || workload == null) {
            server.abort();
            return;
        }
        connect = null;
        RelayStream client = new RelayStream(budget);
        client.opened(asked.accept(client, List.of(node.labels().baggage(workload))));
        join(client, server);
    }

    @Override
    public void onDialFailed(CloseReason reason, String detail) {
        dialed();
        end(reason, detail, null);
    }

    @Override
    void refuseClient(CloseReason reason) {
        IncomingConnect asked = connect;
        connect = null;
        if (asked != null && asked.isOpen()) {
            asked.reject(reason.httpStatus());
        }
    }

    @Override
    void released() {}

    @Override
    ConnectionAttributes attributes() {
        Workload from = node.state().workloadAt(node.settings().network(), Ip.of(source.getAddress()));
        String proved = tunnel.peer().toString();
        Peer client = from == null
                ? Peer.UNKNOWN.withPrincipal(proved)
                : from.identity().equals(tunnel.peer())
                        ? node.labels().proved(from)
                        : node.labels().unproved(from).withPrincipal(proved);
        return new ConnectionAttributes(
                Reporter.DESTINATION,
                Way.INBOUND_HBONE,
                SecurityPolicy.MUTUAL_TLS,
                client,
                node.labels().proved(own),
                null,
                source,
                app,
                requested);
    }

    @Override
    ConnectionView view() {
        ConnectionRecord opened = record();
        return new ConnectionView(
                pod.uid,
                false,
                opened != null,
                Way.INBOUND_HBONE,
                tunnel.peer().toString(),
                source,
                requested,
                app,
                opened == null ? 0 : opened.sentBytes(),
                opened == null ? 0 : opened.receivedBytes());
    }
}
