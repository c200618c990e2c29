package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.IncomingConnect;
import io.culvert.core.relay.ByteBudget;
import io.culvert.core.route.Protocol;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.CounterFamily;
import io.culvert.waypoint.Client;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes each CONNECT that is this waypoint's to serve, finds out what is spoken there, and hands the stream on. Called on
 * the loop of the tunnel.
 */
final class ConnectDispatcher implements ConnectHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectDispatcher.class);
    private static final int UNAVAILABLE = 503;
    /** How long a client may be silent where HTTP is declared: as long as between two requests. */
    private static final Duration HTTP_SILENCE = Duration.ofHours(1);

    private final Parts parts;
    private final Destinations destinations;
    private final ServerCodecs codecs;
    private final RequestHandlers requests;
    private final CounterFamily connects;
    private final RefusedConnects refused;
    private final OpenConnections connections;
    private final Set<Channel> channels = ConcurrentHashMap.newKeySet();

    ConnectDispatcher(
            Parts parts,
            ServerCodecs codecs,
            RequestHandlers requests,
            RefusedConnects refused,
            OpenConnections connections) {
        this.parts = parts;
        this.destinations = new Destinations(parts);
        this.codecs = codecs;
        this.requests = requests;
        this.refused = refused;
        this.connections = connections;
        this.connects = parts.telemetry()
                .metrics()
                .counters(
                        "culvert_waypoint_connects",
                        "Connections of clients that asked for a way through this waypoint, by what became of them",
                        "result");
    }

    @Override
    public void onConnect(IncomingConnect connect) {
        switch (destinations.of(connect)) {
            case Destinations.Destination.Wrong(String result, int status, String detail) ->
                refuse(connect, result, status, detail);
            case Destinations.Destination.Found(Client client, Protocol protocol) -> {
                OpenConnections.Open open = connections.enter(client);
                if (open == null) {
                    // Another pod of this waypoint may have room: the client's agent tries one.
                    refuse(connect, "too_many", UNAVAILABLE, connections.full());
                } else {
                    connects.with("accepted").inc();
                    begin(connect, open, protocol);
                }
            }
        }
    }

    private void refuse(IncomingConnect connect, String result, int status, String detail) {
        connects.with(result).inc();
        refused.tell(result, connect, status, detail);
        connect.reject(status);
    }

    private void begin(IncomingConnect connect, OpenConnections.Open open, Protocol protocol) {
        switch (protocol) {
            case TCP -> new Direct(connect, open).begin();
            case HTTP, HTTP2, GRPC ->
                new Looking(open, budget(connect), true).begin(connect, FirstBytes::ofHttp, HTTP_SILENCE);
            case TLS ->
                new Looking(open, budget(connect), false)
                        .begin(connect, FirstBytes::ofTls, parts.settings().detectWait());
            case DETECT ->
                new Looking(open, budget(connect), false)
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

    OpenConnections connections() {
        return connections;
    }

    /** HTTP connections that are open. */
    int open() {
        return channels.size();
    }

    private void http(StreamFront front, OpenConnections.Open open, boolean http2) {
        Client client = open.client;
        open.speaks(http2 ? "http2" : "http1");
        StreamChannel channel = new StreamChannel(client.destination(), client.address());
        channel.opened(front.stream());
        channel.config().setAutoRead(true);
        var handler = requests.of(client);
        channel.pipeline().addLast(http2 ? codecs.http2(handler) : codecs.http1(handler));
        channels.add(channel);
        channel.closeFuture().addListener(closed -> {
            channels.remove(channel);
            open.close();
        });
        front.stream().eventLoop().register(channel);
        front.handTo(channel.handler());
    }

    /** Bytes by declaration: the client's CONNECT is answered when the way to the app stands. */
    private final class Direct implements TcpPass.ClientSide {
        private final IncomingConnect connect;
        private final OpenConnections.Open open;
        private final TcpPass pass;

        Direct(IncomingConnect connect, OpenConnections.Open open) {
            this.connect = connect;
            this.open = open;
            this.pass = new TcpPass(parts, connect.eventLoop(), open.client, budget(connect), this);
            open.speaks("tcp");
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

        @Override
        public void ended() {
            open.close();
        }
    }

    /** The client's CONNECT is answered at once: its first bytes say how it goes on. */
    private final class Looking implements StreamFront.Decided, TcpPass.ClientSide {
        private final OpenConnections.Open open;
        private final ByteBudget budget;
        /** Whether it is declared: then nothing passes as bytes, however little came. */
        private final boolean http;

        private @Nullable StreamFront front;
        private @Nullable HboneStreamHandler target;
        private @Nullable TcpPass pass;

        Looking(OpenConnections.Open open, ByteBudget budget, boolean http) {
            this.open = open;
            this.budget = budget;
            this.http = http;
        }

        void begin(IncomingConnect connect, Function<ByteBuf, FirstBytes> look, Duration patience) {
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
                case FirstBytes.Http1 _ -> http(front(), open, false);
                case FirstBytes.Http2 _ -> http(front(), open, true);
                case FirstBytes.Tls(String serverName) -> pass(serverName);
                case FirstBytes.Other _, FirstBytes.More _ -> {
                    if (http) {
                        http(front(), open, false);
                    } else {
                        pass(null);
                    }
                }
            }
        }

        private void pass(@Nullable String serverName) {
            open.speaks("tcp");
            TcpPass made = new TcpPass(parts, front().stream().eventLoop(), open.client, budget, this);
            pass = made;
            made.begin(serverName);
        }

        @Override
        public void onGone() {
            if (pass != null) {
                pass.onGone();
            } else {
                open.close();
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
            LOG.debug(
                    "connection of {} to {} refused: {}",
                    open.client.identity(),
                    open.client.destination(),
                    reason.label());
            front().reset();
        }

        @Override
        public void ended() {
            open.close();
        }
    }
}
