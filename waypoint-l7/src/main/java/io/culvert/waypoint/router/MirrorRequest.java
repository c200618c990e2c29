package io.culvert.waypoint.router;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.cluster.Upstreams;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a request whose response nobody sees. Sent once the request is complete, tried once, given up after a time.
 * Owned by the request's loop.
 */
final class MirrorRequest implements Upstreams.Try, ResponseReceiver {
    /** What a mirror knows of the request that it copies. */
    record Origin(Router router, EventLoop loop, RouteTable table, InetAddress source, String clientProtocol) {}

    private final Origin origin;
    private final Cluster cluster;
    private final RequestHead head;
    private final @Nullable Fields trailers;
    private @Nullable BodyCopy body;
    private Upstreams.@Nullable Wait wait;
    private Upstreams.@Nullable Ticket ticket;
    private @Nullable ClientExchange exchange;
    private @Nullable Future<?> limit;
    private long startNanos;
    private boolean over;

    /** @param body null for none; passes on */
    private MirrorRequest(
            Origin origin, Cluster cluster, RequestHead head, @Nullable BodyCopy body, @Nullable Fields trailers) {
        this.origin = origin;
        this.cluster = cluster;
        this.head = new RequestHead(
                head.method(),
                head.scheme(),
                Authorities.shadow(head.authority()),
                head.path(),
                head.fields().copy(),
                "");
        this.body = body;
        this.trailers = trailers;
    }

    /**
     * Sends a copy, unless too many are under way.
     *
     * @param nanos after which it is given up
     */
    static void send(
            Origin origin,
            Cluster cluster,
            RequestHead head,
            @Nullable BodyCopy body,
            @Nullable Fields trailers,
            long nanos) {
        if (!origin.router().enterMirror()) {
            if (body != null) {
                body.release();
            }
            origin.router().telemetry().mirrorDropped();
            return;
        }
        new MirrorRequest(origin, cluster, head, body, trailers).begin(nanos);
    }

    private void begin(long nanos) {
        startNanos = now();
        limit = origin.loop().schedule(() -> giveUp(StreamError.TIMEOUT), nanos, TimeUnit.NANOSECONDS);
        Upstreams.Wait pending = origin.router().upstreams().acquire(this);
        if (!over && ticket == null) {
            wait = pending;
        }
    }

    private long now() {
        return origin.loop().ticker().nanoTime();
    }

    @Override
    public void onConnection(ClientConnection connection, Upstreams.Ticket place) {
        if (over) {
            place.done();
            return;
        }
        wait = null;
        ticket = place;
        origin.router().telemetry().mirrored();
        BodyCopy copy = body;
        boolean end = copy == null && trailers == null;
        ClientExchange sending = connection.send(head, end, this);
        if (over) {
            return;
        }
        exchange = sending;
        if (copy != null) {
            copy.writeTo(sending, () -> !over);
        }
        if (!end && !over) {
            sending.end(trailers);
        }
    }

    @Override
    public void onUnavailable(Upstreams.Unavailable why, String detail) {
        if (!over) {
            wait = null;
            origin.router().telemetry().mirrorDropped();
            finish();
        }
    }

    @Override
    public void onInformational(ResponseHead interim) {
        // Nobody waits for it.
    }

    @Override
    public void onResponse(ResponseHead response, boolean end) {
        if (over) {
            return;
        }
        if (ticket != null) {
            ticket.onStatus(response.status(), Duration.ofNanos(now() - startNanos));
        }
        if (end) {
            finish();
        }
    }

    @Override
    public void onUpgraded(ResponseHead response) {
        giveUp(StreamError.CANCELLED);
    }

    @Override
    public void onData(ByteBuf data) {
        int length = data.readableBytes();
        data.release();
        if (!over && exchange != null) {
            exchange.consumed(length);
        }
    }

    @Override
    public void onEnd(@Nullable Fields last) {
        finish();
    }

    @Override
    public void onReset(StreamError error, String detail) {
        finish();
    }

    @Override
    public void onWritable() {
        // The body was written as a whole: it is small.
    }

    private void giveUp(StreamError error) {
        if (over) {
            return;
        }
        Upstreams.Wait pending = wait;
        ClientExchange sending = exchange;
        finish();
        if (pending != null) {
            pending.cancel();
        }
        if (sending != null) {
            sending.reset(error);
        }
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        if (limit != null) {
            limit.cancel(false);
        }
        if (body != null) {
            body.release();
            body = null;
        }
        if (ticket != null) {
            ticket.done();
        }
        origin.router().leaveMirror();
    }

    @Override
    public EventLoop loop() {
        return origin.loop();
    }

    @Override
    public RouteTable table() {
        return origin.table();
    }

    @Override
    public Cluster cluster() {
        return cluster;
    }

    @Override
    public RequestHead request() {
        return head;
    }

    @Override
    public InetAddress source() {
        return origin.source();
    }

    @Override
    public String clientProtocol() {
        return origin.clientProtocol();
    }

    @Override
    public Set<String> tried() {
        return Set.of();
    }

    @Override
    public boolean retry() {
        return false;
    }
}
