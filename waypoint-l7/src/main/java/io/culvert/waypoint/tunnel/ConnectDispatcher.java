package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.Authority;
import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.IncomingConnect;
import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.CounterFamily;
import io.culvert.waypoint.Client;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides about each CONNECT: which service and port its authority names, whether that is this waypoint's to serve, what
 * is spoken there, and hands the stream on. Called on the loop of the tunnel.
 */
final class ConnectDispatcher implements ConnectHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectDispatcher.class);

    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int LOOP_DETECTED = 508;

    private final Parts parts;
    private final ServerCodecs codecs;
    private final RequestHandlers requests;
    private final CounterFamily connects;
    private final RefusedConnects refused;
    private final Set<Channel> channels = ConcurrentHashMap.newKeySet();

    ConnectDispatcher(Parts parts, ServerCodecs codecs, RequestHandlers requests, RefusedConnects refused) {
        this.parts = parts;
        this.codecs = codecs;
        this.requests = requests;
        this.refused = refused;
        this.connects = parts.telemetry()
                .metrics()
                .counters(
                        "culvert_waypoint_connects",
                        "Connections of clients that asked for a way through this waypoint, by what became of them",
                        "result");
    }

    /** Where a CONNECT leads. */
    private sealed interface Destination {
        record Found(Client client, Protocol protocol) implements Destination {}

        record Wrong(String result, int status, String detail) implements Destination {}
    }

    @Override
    public void onConnect(IncomingConnect connect) {
        switch (destination(connect)) {
            case Destination.Wrong(String result, int status, String detail) -> {
                connects.with(result).inc();
                refused.tell(result, connect, status, detail);
                connect.reject(status);
            }
            case Destination.Found(Client client, Protocol protocol) -> {
                connects.with("accepted").inc();
                begin(connect, client, protocol);
            }
        }
    }

    private Destination destination(IncomingConnect connect) {
        var peer = connect.tunnel().peer();
        if (peer.equals(parts.settings().identity())) {
            return new Destination.Wrong(
                    "loop",
                    LOOP_DETECTED,
                    "it comes from this waypoint itself: a pod that is an endpoint of a service must not be its waypoint");
        }
        if ("waypoint".equals(connect.header(Outgoing.SOURCE_HEADER))) {
            return new Destination.Wrong(
                    "loop",
                    LOOP_DETECTED,
                    "it comes from another waypoint, " + peer + ": a service selects the pods of a waypoint");
        }
        MeshState state = parts.state().get();
        Authority authority = connect.authority();
        String namespace = peer.namespace() == null ? "" : peer.namespace();
        Service service = authority.address() == null
                ? state.serviceNamed(authority.host(), namespace)
                : state.serviceAt(parts.settings().network(), Ip.of(authority.address()), namespace);
        if (service == null) {
            return unknown(state, authority);
        }
        if (!isMine(state, service)) {
            return new Destination.Wrong(
                    "not_bound",
                    BAD_REQUEST,
                    "service " + service.key() + " does not use waypoint "
                            + parts.settings().namespace() + "/"
                            + parts.settings().name()
                            + ": the client's mesh state is old, or it is not honest");
        }
        if (!service.ports().contains(authority.port())) {
            return new Destination.Wrong(
                    "no_port", BAD_REQUEST, "service " + service.key() + " has no port " + authority.port());
        }
        InetSocketAddress named = authority.address() == null
                ? InetSocketAddress.createUnresolved(authority.host(), authority.port())
                : new InetSocketAddress(authority.address(), authority.port());
        Client client = new Client(peer, connect.tunnel().remoteAddress(), service, authority.port(), named);
        return new Destination.Found(client, protocol(service, authority.port()));
    }

    private Destination unknown(MeshState state, Authority authority) {
        Workload workload = authority.address() == null
                ? null
                : state.workloadAt(parts.settings().network(), Ip.of(authority.address()));
        return workload == null
                ? new Destination.Wrong(
                        "unknown_service",
                        NOT_FOUND,
                        "no service has that address: is this waypoint connected to its control plane?")
                : new Destination.Wrong(
                        "not_bound",
                        BAD_REQUEST,
                        "it is pod " + workload.uid() + ", and this waypoint serves services: address a service");
    }

    private boolean isMine(MeshState state, Service service) {
        if (service.waypoint() != null && names(state, service.waypoint())) {
            return true;
        }
        for (Service.WeightedWaypoint weighted : service.weightedWaypoints()) {
            if (names(state, weighted.waypoint())) {
                return true;
            }
        }
        return false;
    }

    private boolean names(MeshState state, GatewayRef ref) {
        return switch (ref) {
            case GatewayRef.ByHostname(String namespace, String hostname, int _) ->
                isOwn(namespace, hostname.indexOf('.') < 0 ? hostname : hostname.substring(0, hostname.indexOf('.')));
            case GatewayRef.ByAddress(String network, Ip address, int _) -> {
                Service service =
                        state.serviceAt(network, address, parts.settings().namespace());
                Workload self = parts.self().get();
                yield service != null
                        ? isOwn(service.namespace(), service.name())
                        : self != null
                                && self.network().equals(network)
                                && self.addresses().contains(address);
            }
        };
    }

    private boolean isOwn(String namespace, String name) {
        return namespace.equals(parts.settings().namespace())
                && name.equals(parts.settings().name());
    }

    /** What the routes say, where somebody wrote some; else as the service's port declares it. */
    private Protocol protocol(Service service, int port) {
        Cluster cluster = parts.routes().get().clusters().get(Cluster.key(service.key(), port, ""));
        if (cluster != null && cluster.protocol() != Protocol.DETECT) {
            return cluster.protocol();
        }
        for (PortMap.ServicePort declared : service.ports().ports()) {
            if (declared.servicePort() == port) {
                return switch (declared.appProtocol()) {
                    case HTTP11 -> Protocol.HTTP;
                    case HTTP2 -> Protocol.HTTP2;
                    case GRPC -> Protocol.GRPC;
                    case TCP -> Protocol.TCP;
                    case TLS -> Protocol.TLS;
                    case UNKNOWN, UNRECOGNIZED -> Protocol.DETECT;
                };
            }
        }
        return Protocol.DETECT;
    }

    private void begin(IncomingConnect connect, Client client, Protocol protocol) {
        switch (protocol) {
            case TCP -> new Direct(connect, client).begin();
            case HTTP, HTTP2, GRPC -> new Looking(client, budget(connect)).begin(connect, FirstBytes::ofHttp, null);
            case TLS ->
                new Looking(client, budget(connect))
                        .begin(connect, FirstBytes::ofTls, parts.settings().detectWait());
            case DETECT ->
                new Looking(client, budget(connect))
                        .begin(connect, FirstBytes::of, parts.settings().detectWait());
        }
    }

    private static ByteBudget budget(IncomingConnect connect) {
        return (ByteBudget) connect.budget();
    }

    /** Tells the codecs of open connections that the end is near. Any thread. */
    void drain() {
        for (Channel channel : channels) {
            channel.eventLoop()
                    .execute(() -> codecs.drainSignals().forEach(channel.pipeline()::fireUserEventTriggered));
        }
    }

    /** HTTP connections that are open. */
    int open() {
        return channels.size();
    }

    private void http(StreamFront front, Client client, boolean http2) {
        StreamChannel channel = new StreamChannel(client.destination(), client.address());
        channel.opened(front.stream());
        channel.config().setAutoRead(true);
        var handler = requests.of(client);
        channel.pipeline().addLast(http2 ? codecs.http2(handler) : codecs.http1(handler));
        channels.add(channel);
        channel.closeFuture().addListener(closed -> channels.remove(channel));
        front.stream().eventLoop().register(channel);
        front.handTo(channel.handler());
    }

    /** Bytes by declaration: the client's CONNECT is answered when the way to the app stands. */
    private final class Direct implements TcpPass.ClientSide {
        private final IncomingConnect connect;
        private final TcpPass pass;

        Direct(IncomingConnect connect, Client client) {
            this.connect = connect;
            this.pass = new TcpPass(parts, connect.eventLoop(), client, budget(connect), this);
        }

        void begin() {
            connect.onCancelled(pass::onGone);
            pass.begin(null);
        }

        @Override
        public HboneStream accept(HboneStreamHandler to) {
            return connect.accept(to, List.of());
        }

        @Override
        public void flow() {
            // The tunnel delivers what it held by itself.
        }

        @Override
        public void refuse(CloseReason reason) {
            if (connect.isOpen()) {
                connect.reject(reason.httpStatus());
            }
        }
    }

    /** The client's CONNECT is answered at once: its first bytes say how it goes on. */
    private final class Looking implements StreamFront.Decided, TcpPass.ClientSide {
        private final Client client;
        private final ByteBudget budget;
        private @Nullable StreamFront front;
        private @Nullable HboneStreamHandler target;
        private @Nullable TcpPass pass;

        Looking(Client client, ByteBudget budget) {
            this.client = client;
            this.budget = budget;
        }

        void begin(IncomingConnect connect, Function<ByteBuf, FirstBytes> look, @Nullable Duration patience) {
            StreamFront made = new StreamFront(look, this);
            front = made;
            made.opened(connect.accept(made, List.of()), patience);
        }

        private StreamFront front() {
            if (front == null) {
                throw new IllegalStateException("not accepted yet");
            }
            return front;
        }

        @Override
        public void onDecided(FirstBytes seen) {
            switch (seen) {
                case FirstBytes.Http1 _ -> http(front(), client, false);
                case FirstBytes.Http2 _ -> http(front(), client, true);
                case FirstBytes.Tls(String serverName) -> pass(serverName);
                case FirstBytes.Other _, FirstBytes.More _ -> pass(null);
            }
        }

        private void pass(@Nullable String serverName) {
            TcpPass made = new TcpPass(parts, front().stream().eventLoop(), client, budget, this);
            pass = made;
            made.begin(serverName);
        }

        @Override
        public void onGone() {
            if (pass != null) {
                pass.onGone();
            }
        }

        @Override
        public HboneStream accept(HboneStreamHandler to) {
            target = to;
            return front().stream();
        }

        @Override
        public void flow() {
            if (target != null) {
                front().handTo(target);
            }
        }

        @Override
        public void refuse(CloseReason reason) {
            LOG.debug("connection of {} to {} refused: {}", client.identity(), client.destination(), reason.label());
            front().reset();
        }
    }
}
