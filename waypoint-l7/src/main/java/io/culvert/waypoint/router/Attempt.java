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
import org.jspecify.annotations.Nullable;

/**
 * One try of a request: waits for a connection, sends, and tells {@link Tries} what comes back. Once over, it says nothing
 * any more, whatever its connection does. Owned by the request's loop.
 */
final class Attempt implements Upstreams.Try, ResponseReceiver {
    private final Tries tries;
    private final RequestHead head;
    private final boolean retry;
    private final long startNanos;
    private Upstreams.@Nullable Wait wait;
    private Upstreams.@Nullable Ticket ticket;
    private @Nullable ClientExchange exchange;
    private boolean answered;
    private boolean over;
    private @Nullable String chosen;
    private int owed;

    Attempt(Tries tries, RequestHead head, boolean retry) {
        this.tries = tries;
        this.head = head;
        this.retry = retry;
        this.startNanos = tries.now();
    }

    void begin() {
        Upstreams.Wait pending = tries.upstreams().acquire(this);
        if (!over && ticket == null) {
            wait = pending;
        }
    }

    /** Whether a response's head has come. */
    boolean isAnswered() {
        return answered;
    }

    /** Gives the try up; nothing more is heard of it. */
    void abandon(StreamError error, boolean failed) {
        if (over) {
            return;
        }
        if (wait != null) {
            wait.cancel();
        }
        if (failed && ticket != null && !answered) {
            ticket.onLocalFailure();
        }
        ClientExchange sending = exchange;
        finish();
        if (sending != null) {
            sending.reset(error);
        }
    }

    /** Returns credit for the response. */
    void consumed(int bytes) {
        if (exchange != null && !over) {
            exchange.consumed(bytes);
        }
    }

    /** Adds what brings the client back to this endpoint. */
    void addSession(Fields response) {
        if (ticket != null) {
            ticket.addTo(response);
        }
    }

    @Override
    public void onChosen(String workload) {
        chosen = workload;
    }

    @Override
    public void onConnection(ClientConnection connection, Upstreams.Ticket place) {
        if (over) {
            place.done();
            return;
        }
        wait = null;
        ticket = place;
        tries.onTicket(place);
        RequestBody body = tries.body();
        boolean end = body.isHeadOnly();
        ClientExchange sending = connection.send(head, end, this);
        if (over) {
            return;
        }
        exchange = sending;
        if (!end) {
            body.sendTo(sending);
        }
        if (!over) {
            tries.onSent();
        }
    }

    @Override
    public void onUnavailable(Upstreams.Unavailable why, String detail) {
        if (over) {
            return;
        }
        wait = null;
        finish();
        if (chosen != null) {
            tries.onTried(chosen);
        }
        tries.onUnavailable(why, detail);
    }

    @Override
    public void onInformational(ResponseHead interim) {
        if (!over && !answered) {
            tries.onInformational(interim);
        }
    }

    private void failBroken(String detail) {
        abandon(StreamError.PROTOCOL, true);
        tries.onReset(StreamError.PROTOCOL, true, detail);
    }

    @Override
    public void onResponse(ResponseHead response, boolean end) {
        if (over) {
            return;
        }
        answer(response);
        if (end) {
            complete();
        }
        tries.onResponse(this, response, end);
    }

    @Override
    public void onUpgraded(ResponseHead response) {
        if (over) {
            return;
        }
        if (head.upgrade().isEmpty()) {
            failBroken("the app changed the protocol without being asked");
            return;
        }
        answer(response);
        tries.onUpgraded(this, response);
        if (!over && exchange != null) {
            tries.body().upgradeTo(exchange);
        }
    }

    private void answer(ResponseHead response) {
        answered = true;
        long nanos = tries.now() - startNanos;
        if (ticket != null) {
            ticket.onStatus(response.status(), Duration.ofNanos(nanos));
        }
        tries.onAnswered(nanos);
    }

    @Override
    public void onData(ByteBuf data) {
        if (over) {
            data.release();
            return;
        }
        int length = data.readableBytes();
        tries.onData(data);
        owed += length;
        returnCredit();
    }

    /** The client takes more: the app may send more. */
    void returnCredit() {
        if (owed > 0 && !over && tries.isClientWritable()) {
            int credit = owed;
            owed = 0;
            consumed(credit);
        }
    }

    @Override
    public void onEnd(@Nullable Fields trailers) {
        if (over) {
            return;
        }
        if (!tries.isUpgraded()) {
            complete();
        }
        tries.onEnd(trailers);
    }

    /** The response is whole. What the client has not sent yet of its request, nobody wants any more. */
    private void complete() {
        ClientExchange sending = exchange;
        boolean early = !tries.body().isEnded();
        finish();
        if (early && sending != null) {
            sending.reset(StreamError.CANCELLED);
        }
    }

    @Override
    public void onReset(StreamError error, String detail) {
        if (over) {
            return;
        }
        if (!answered && ticket != null) {
            ticket.onLocalFailure();
        }
        boolean sent = exchange != null;
        finish();
        if (answered) {
            tries.onBroken(error, detail);
        } else {
            tries.onReset(error, sent, detail);
        }
    }

    @Override
    public void onWritable() {
        if (!over) {
            tries.body().onSinkWritable();
        }
    }

    /** It has ended in both directions, or never began: its place is free. */
    void finish() {
        if (over) {
            return;
        }
        over = true;
        tries.body().detach();
        if (ticket != null) {
            ticket.done();
        }
    }

    @Override
    public EventLoop loop() {
        return tries.loop();
    }

    @Override
    public RouteTable table() {
        return tries.table();
    }

    @Override
    public Cluster cluster() {
        return tries.cluster();
    }

    @Override
    public RequestHead request() {
        return head;
    }

    @Override
    public InetAddress source() {
        return tries.source();
    }

    @Override
    public String clientProtocol() {
        return tries.clientProtocol();
    }

    @Override
    public Set<String> tried() {
        return tries.tried();
    }

    @Override
    public boolean retry() {
        return retry;
    }
}
