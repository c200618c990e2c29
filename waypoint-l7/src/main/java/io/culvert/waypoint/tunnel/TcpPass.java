package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.ConnectRequest;
import io.culvert.core.hbone.HboneFailure;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.OpenResult;
import io.culvert.core.hbone.PendingOpen;
import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.relay.Dialer;
import io.culvert.core.relay.Relay;
import io.culvert.core.relay.RelayHalf;
import io.culvert.core.relay.RelaySocket;
import io.culvert.core.relay.RelayStream;
import io.culvert.core.relay.TunnelHeaders;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.culvert.core.telemetry.Peer;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Way;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.cluster.TcpChoice;
import io.culvert.waypoint.cluster.TcpUpstreams;
import io.culvert.waypoint.cluster.Upstreams;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is passed on as bytes: policy, backend, endpoint (another one once, if the first does not take it),
 * relay. Its outcome is recorded here and nowhere else. Owned by the loop of the client's tunnel.
 */
final class TcpPass implements Relay.Listener, Dialer.Listener {
    /** The client's half of it. */
    interface ClientSide {
        /** The way to the app stands: what the client sends goes to {@code to} from now on. */
        HboneStream accept(HboneStreamHandler to);

        /** After {@link #accept} and the join: what the client has sent already. */
        void flow();

        void refuse(CloseReason reason);

        /** All is over, however it went; once. */
        void ended();
    }

    private final Parts parts;
    private final EventLoop loop;
    private final Client client;
    private final ByteBudget budget;
    private final ClientSide clientSide;
    private @Nullable TcpChoice choice;
    private @Nullable Endpoint endpoint;
    private @Nullable InetSocketAddress target;
    private @Nullable String tried;
    private @Nullable PendingOpen opening;
    private boolean openAnswered;
    private Dialer.@Nullable Dial dial;
    private @Nullable ConnectionRecord record;
    private boolean over;

    TcpPass(Parts parts, EventLoop loop, Client client, ByteBudget budget, ClientSide clientSide) {
        this.parts = parts;
        this.loop = loop;
        this.client = client;
        this.budget = budget;
        this.clientSide = clientSide;
    }

    /** @param serverName of TLS, null for other bytes */
    void begin(@Nullable String serverName) {
        RouteTable table = parts.routes().get();
        ServiceRoutes routes = table.service(client.to().routesKey());
        String denied = routes == null ? null : routes.authorization().refusal(client.caller(), null);
        if (denied != null) {
            end(
                    CloseReason.POLICY_DENIED,
                    denied.isEmpty()
                            ? "no ALLOW policy of " + client.to().routesKey() + " matches"
                            : "denied by policy " + denied,
                    denied.isEmpty() ? null : denied);
            return;
        }
        switch (TcpBackends.choose(table, client, serverName, parts.random())) {
            case TcpBackends.None(String reason) -> end(CloseReason.NO_HEALTHY_UPSTREAM, reason, null);
            case TcpBackends.Chosen(Cluster cluster) -> attempt(table, cluster);
        }
    }

    private void attempt(RouteTable table, Cluster cluster) {
        TcpUpstreams.Result result = parts.upstreams()
                .open(cluster, table, client.address().getAddress(), tried == null ? Set.of() : Set.of(tried));
        switch (result) {
            case TcpUpstreams.Result.Refused(Upstreams.Unavailable why, String detail) ->
                end(
                        why == Upstreams.Unavailable.NO_ENDPOINT
                                ? CloseReason.NO_HEALTHY_UPSTREAM
                                : CloseReason.CONNECT_FAILED,
                        detail,
                        null);
            case TcpUpstreams.Result.Chosen(TcpChoice chosen) -> {
                choice = chosen;
                endpoint = chosen.endpoint();
                target = parts.outgoing().target(chosen.endpoint(), cluster.port());
                connect(chosen.endpoint(), target, new Retry(table, cluster));
            }
        }
    }

    private void connect(Endpoint to, @Nullable InetSocketAddress address, Retry again) {
        if (address == null) {
            failed(
                    again,
                    CloseReason.NO_HEALTHY_UPSTREAM,
                    "endpoint " + to.workload().uid() + " has no address or no such port: look at its service's ports");
        } else if (to.workload().hbone()) {
            tunnel(to, address, again);
        } else {
            retry = again;
            dial = parts.dialer().dial(loop, parts.sockets(), address, null, budget, this);
        }
    }

    private record Retry(RouteTable table, Cluster cluster) {}

    private @Nullable Retry retry;

    private void tunnel(Endpoint to, InetSocketAddress address, Retry again) {
        RelayStream server = new RelayStream(budget);
        Service service = client.to().service();
        ConnectRequest request = new ConnectRequest(
                TunnelHeaders.text(address),
                parts.outgoing().headers(client.address(), service == null ? null : service.hostname()));
        openAnswered = false;
        PendingOpen pending = parts.pool()
                .open(parts.outgoing().key(to.workload(), address), request, budget, server, result -> {
                    openAnswered = true;
                    opening = null;
                    onOpened(server, result, again);
                });
        if (!openAnswered) {
            opening = pending;
        }
    }

    private void onOpened(RelayStream server, OpenResult result, Retry again) {
        switch (result) {
            case OpenResult.Opened(var stream, var _) -> {
                server.opened(stream);
                if (over) {
                    server.abort();
                } else {
                    join(server);
                }
            }
            case OpenResult.Refused(int status, var _) -> {
                if (status == 503) {
                    failed(
                            again,
                            CloseReason.CONNECT_FAILED,
                            "the endpoint's proxy could not connect to the app (503)");
                } else {
                    end(
                            status == 401 ? CloseReason.POLICY_DENIED : CloseReason.PEER_REFUSED,
                            "the endpoint's proxy refused the CONNECT with " + status,
                            null);
                }
            }
            case OpenResult.Failed(HboneFailure kind, String detail) -> {
                CloseReason reason = kind == HboneFailure.WRONG_PEER
                        ? CloseReason.WRONG_PEER
                        : kind == HboneFailure.CONNECT_TIMEOUT || kind == HboneFailure.RESPONSE_TIMEOUT
                                ? CloseReason.CONNECT_TIMEOUT
                                : CloseReason.CONNECT_FAILED;
                if (kind.worthTryingElsewhere()) {
                    failed(again, reason, detail);
                } else {
                    end(reason, detail, null);
                }
            }
        }
    }

    @Override
    public void onConnected(RelaySocket server) {
        dial = null;
        join(server);
    }

    @Override
    public void onDialFailed(CloseReason reason, String detail) {
        dial = null;
        Retry again = retry;
        if (again != null) {
            failed(again, reason, detail);
        }
    }

    private void failed(Retry again, CloseReason reason, String detail) {
        Endpoint before = endpoint;
        if (over) {
            return;
        }
        if (choice != null) {
            choice.failed();
        }
        if (before == null || tried != null) {
            end(reason, detail, null);
            return;
        }
        tried = before.workload().uid();
        release();
        endpoint = null;
        attempt(again.table(), again.cluster());
    }

    private void join(RelayHalf server) {
        if (choice != null) {
            choice.connected();
        }
        ConnectionRecord opened = parts.telemetry().open(attributes());
        record = opened;
        RelayStream half = new RelayStream(budget);
        half.opened(clientSide.accept(half));
        Relay.join(
                half,
                server,
                opened,
                budget,
                parts.timers().of(loop),
                parts.settings().relay(),
                this);
        clientSide.flow();
    }

    /** The client has given up. */
    void onGone() {
        end(CloseReason.RESET_BY_CLIENT, "before the connection to the destination stood", null);
    }

    @Override
    public void onRelayEnded(CloseReason reason, @Nullable String detail) {
        end(reason, detail, null);
    }

    private void end(CloseReason reason, @Nullable String detail, @Nullable String policy) {
        if (over) {
            return;
        }
        over = true;
        if (dial != null) {
            dial.cancel();
        }
        if (opening != null) {
            opening.cancel();
        }
        ConnectionRecord opened = record;
        if (opened == null) {
            parts.telemetry().refused(attributes(), reason, detail, policy);
            clientSide.refuse(reason);
        } else {
            opened.close(reason, detail, policy);
        }
        release();
        clientSide.ended();
    }

    private void release() {
        TcpChoice taken = choice;
        choice = null;
        if (taken != null) {
            taken.done();
        }
    }

    private ConnectionAttributes attributes() {
        Workload to = endpoint == null ? null : endpoint.workload();
        InetSocketAddress address = target;
        boolean secured = to == null || to.hbone();
        return new ConnectionAttributes(
                Reporter.WAYPOINT,
                Way.WAYPOINT,
                secured ? SecurityPolicy.MUTUAL_TLS : SecurityPolicy.NONE,
                source(parts, client),
                secured ? parts.labels().proved(to) : parts.labels().unproved(to),
                parts.labels().service(client.to().service()),
                client.address(),
                address == null ? client.destination() : address,
                client.destination());
    }

    /** Who the client is: by its proved identity, and more where the mesh knows a pod of that identity at its address. */
    static Peer source(Parts parts, Client client) {
        Workload known = parts.state()
                .get()
                .workloadAt(parts.settings().network(), Ip.of(client.address().getAddress()));
        return known != null && known.identity().equals(client.identity())
                ? parts.labels().proved(known)
                : Peer.UNKNOWN.withPrincipal(client.identity().toString());
    }
}
