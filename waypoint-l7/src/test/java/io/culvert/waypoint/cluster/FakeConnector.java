package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.tunnel.Connector;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Connections succeed or fail when the test says so; codecs that count. */
final class FakeConnector implements Connector, ClientCodecs {
    /** A connection that was asked for. */
    final class Dial implements Attempt {
        final EventLoop loop;
        final Endpoint endpoint;
        final int port;
        final Duration timeout;
        private final ChannelHandler handler;
        private final Listener listener;

        Dial(EventLoop loop, Endpoint endpoint, int port, Duration timeout, ChannelHandler handler, Listener listener) {
            this.loop = loop;
            this.endpoint = endpoint;
            this.port = port;
            this.timeout = timeout;
            this.handler = handler;
            this.listener = listener;
        }

        String pod() {
            return endpoint.workload().uid().substring(World.uid("").length());
        }

        FakeConnection accept() {
            dials.remove(this);
            connecting = this;
            made = null;
            listener.onConnected(new EmbeddedChannel(handler));
            return Objects.requireNonNull(made);
        }

        void fail(boolean timedOut) {
            dials.remove(this);
            listener.onFailed(timedOut, "cannot connect to " + pod() + ": see whether it listens");
        }

        @Override
        public void cancel() {
            dials.remove(this);
            cancelled++;
        }
    }

    final List<Dial> dials = new ArrayList<>();
    final List<FakeConnection> connections = new ArrayList<>();
    int streams = 100;
    int cancelled;
    boolean refuseAtOnce;
    private @Nullable Dial connecting;
    private @Nullable FakeConnection made;

    @Override
    public Attempt connect(
            EventLoop loop,
            Endpoint endpoint,
            int servicePort,
            Duration timeout,
            ChannelHandler handler,
            Listener listener) {
        Dial dial = new Dial(loop, endpoint, servicePort, timeout, handler, listener);
        if (refuseAtOnce) {
            listener.onFailed(false, "refused at once by " + dial.pod() + ": see whether it listens");
        } else {
            dials.add(dial);
        }
        return dial;
    }

    Dial only() {
        if (dials.size() != 1) {
            throw new AssertionError(dials.size() + " connections are being made");
        }
        return dials.getFirst();
    }

    void acceptAll() {
        while (!dials.isEmpty()) {
            dials.getFirst().accept();
        }
    }

    @Override
    public ClientConnection http1(Channel channel) {
        return make(false, 1);
    }

    @Override
    public ClientConnection http2(Channel channel) {
        return make(true, streams);
    }

    private ClientConnection make(boolean http2, int room) {
        Dial of = Objects.requireNonNull(connecting);
        made = new FakeConnection(of.loop, http2, room, of.pod());
        connections.add(made);
        return made;
    }

    long open() {
        return connections.stream().filter(c -> !c.closed).count();
    }
}
