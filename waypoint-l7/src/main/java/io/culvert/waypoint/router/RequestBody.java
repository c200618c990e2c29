package io.culvert.waypoint.router;

import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ServerExchange;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A request's body on its way to the try that is under way. What comes while there is none waits without credit, so no
 * more than the client's window; what was sent is kept within a bound while a retry or a mirror may want it again.
 * Credit returns when the sending side takes more. Owned by the request's loop.
 */
final class RequestBody {
    private final ServerExchange server;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>(2);
    private @Nullable BodyCopy copy;
    private @Nullable ClientExchange sink;
    private @Nullable Fields trailers;
    private boolean ended;
    private boolean sent;
    private int owed;
    private long received;

    RequestBody(ServerExchange server) {
        this.server = server;
        this.ended = server.isComplete();
    }

    /** Keeps from now on what is sent. */
    void keep(int limit) {
        copy = new BodyCopy(limit);
    }

    /** Keeps nothing any more. */
    void forget() {
        if (copy != null) {
            copy.release();
            copy = null;
        }
    }

    /** What was sent so far, to be released by the caller; null when it is not all kept. */
    @Nullable
    BodyCopy shareCopy() {
        return copy == null ? null : copy.share();
    }

    /** Whether a further try would get all of it. */
    boolean isReplayable() {
        return copy != null || !sent;
    }

    /** Whether the client has sent all of the request. */
    boolean isEnded() {
        return ended;
    }

    /** Whether the request is its head and nothing else. */
    boolean isHeadOnly() {
        return ended && received == 0 && trailers == null;
    }

    /** Whether the client has sent all of it, and nothing waits to be sent for the first time. */
    boolean isPassedOn() {
        return ended && waiting.isEmpty();
    }

    @Nullable
    Fields trailers() {
        return trailers;
    }

    long received() {
        return received;
    }

    /** The client sent a part of it. */
    void onData(ByteBuf data) {
        received += data.readableBytes();
        if (sink != null && waiting.isEmpty()) {
            pass(sink, data);
        } else {
            waiting.add(data);
        }
    }

    /** The client sent all of it. */
    void onEnd(@Nullable Fields last) {
        ended = true;
        trailers = last;
        if (sink != null && waiting.isEmpty()) {
            sink.end(last);
        }
    }

    /** Sends all of it from its beginning, what is there now and what is to come, after a head that did not end it. */
    void sendTo(ClientExchange exchange) {
        sink = exchange;
        if (copy != null) {
            copy.writeTo(exchange, () -> isSink(exchange));
        }
        ByteBuf next;
        while (isSink(exchange) && (next = waiting.poll()) != null) {
            pass(exchange, next);
        }
        if (isSink(exchange) && ended) {
            exchange.end(trailers);
        }
        // What an earlier try did not take is owed to the client still, which may wait for just that.
        onSinkWritable();
    }

    /** What comes from now on is bytes of another protocol, in both directions. */
    void upgradeTo(ClientExchange exchange) {
        ended = false;
        trailers = null;
        forget();
        sendTo(exchange);
    }

    /** The try is over: what comes now waits for the next. */
    void detach() {
        sink = null;
    }

    /** The sending side takes more. */
    void onSinkWritable() {
        ClientExchange exchange = sink;
        if (exchange != null && owed > 0 && exchange.isWritable()) {
            int credit = owed;
            owed = 0;
            server.consumed(credit);
        }
    }

    /** Nobody wants it any more. */
    void close() {
        detach();
        forget();
        ByteBuf next;
        while ((next = waiting.poll()) != null) {
            next.release();
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private boolean isSink(ClientExchange exchange) {
        return sink == exchange;
    }

    private void pass(ClientExchange exchange, ByteBuf data) {
        int length = data.readableBytes();
        sent = true;
        if (copy != null && !copy.add(data)) {
            forget();
        }
        exchange.write(data);
        owed += length;
        onSinkWritable();
    }
}
