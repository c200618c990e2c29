package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.streamError;

import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/2 towards an app, with prior knowledge. To be added to the channel's pipeline before it is active, and used when
 * it is. Owned by the channel's loop.
 */
public final class Http2Client extends Codec implements ClientConnection {
    /** What RFC 9113, section 6.5.2 recommends as the least; until the app has said what it allows. */
    private static final int STREAMS_BEFORE_SETTINGS = 100;
    /** Stream numbers are used up: the connection is retired a little before. */
    private static final int LAST_STREAM = Integer.MAX_VALUE - 1000;

    private @Nullable Listener listener;
    private @Nullable ScheduledFuture<?> keepAlive;
    private boolean settingsRead;
    private boolean retired;
    private boolean active;
    private boolean capacityGrew;
    private int lastServed = Integer.MAX_VALUE;

    /** A connection whose bytes nobody counts. */
    public Http2Client(H2Settings settings) {
        this(settings, HeldBytes.unwatched());
    }

    /** @param held what its bodies hold is counted there */
    public Http2Client(H2Settings settings, HeldBytes held) {
        super(Parts.make(false, settings, held, System::nanoTime));
    }

    @Override
    public EventLoop loop() {
        return context().channel().eventLoop();
    }

    @Override
    public String protocol() {
        return "HTTP/2";
    }

    @Override
    public int capacity() {
        if (retired || isGone() || !active || connection().local().lastStreamCreated() > LAST_STREAM) {
            return 0;
        }
        int allowed = settingsRead ? connection().local().maxActiveStreams() : STREAMS_BEFORE_SETTINGS;
        return Math.max(
                0, Math.min(allowed, settings().maxStreams()) - connection().numActiveStreams());
    }

    @Override
    public int active() {
        return connection().numActiveStreams();
    }

    @Override
    public void listener(Listener to) {
        listener = to;
    }

    // ---- requests

    /**
     * Sends a request.
     *
     * @throws IllegalStateException when there is no capacity
     * @throws IllegalArgumentException when the request asks for a protocol change: the pool sends those by HTTP/1.1
     */
    @Override
    public ClientExchange send(RequestHead head, boolean end, ResponseReceiver receiver) {
        if (capacity() == 0) {
            throw new IllegalStateException("the HTTP/2 connection takes no request now: ask for its capacity");
        }
        if (!head.upgrade().isEmpty()) {
            throw new IllegalArgumentException(
                    "HTTP/2 has no protocol change to " + head.upgrade() + ": answer the request, or use HTTP/1.1");
        }
        int id = connection().local().incrementAndGetNextStreamId();
        try {
            Http2Stream stream = connection().local().createStream(id, false);
            ClientStream exchange =
                    new ClientStream(this, stream, receiver, head.method().equals("HEAD"));
            stream.setProperty(states, exchange);
            writeHead(exchange, view.of(head), end);
            exchange.sent();
            return exchange;
        } catch (Http2Exception e) {
            throw new IllegalStateException("the HTTP/2 connection has no stream left, although it said so", e);
        }
    }

    @Override
    void head(Http2Stream stream, FieldBlock block, boolean end) throws Http2Exception {
        ClientStream exchange = (ClientStream) state(stream);
        if (exchange == null) {
            throw streamError(stream.id(), PROTOCOL_ERROR, "a response that nobody asked for");
        }
        if (exchange.isResponded()) {
            exchange.trailers(block, end);
        } else {
            exchange.head(block, end);
        }
    }

    @Override
    void afterOutputEnd(StreamState state) {}

    @Override
    void afterClose(Http2Stream stream, @Nullable StreamState state) {
        capacityGrew = true;
        if (state != null && stream.id() > lastServed) {
            state.broken(StreamError.REFUSED, "the app goes away and has not seen the request");
        }
    }

    @Override
    StreamError lostReason() {
        return StreamError.CONNECTION_LOST;
    }

    @Override
    StreamError reason(long code) {
        return Http2Error.valueOf(code) == Http2Error.REFUSED_STREAM ? StreamError.REFUSED : StreamError.CANCELLED;
    }

    // ---- the connection

    @Override
    void up(ChannelHandlerContext ctx) {
        active = true;
        capacityGrew = true;
        wasRead();
        long every = settings().keepAlive().toNanos();
        keepAlive = loop().scheduleWithFixedDelay(this::lookAlive, every, every, TimeUnit.NANOSECONDS);
    }

    private void lookAlive() {
        if (isGone()) {
            return;
        }
        if (wasRead()) {
            pings().expect(false);
        } else if (pings().expected()) {
            close("the app gave no sign of life for " + settings().keepAlive());
        } else if (active() > 0) {
            pings().expect(true);
            encoder().writePing(context(), false, 0, context().newPromise());
            wantFlush();
        }
    }

    @Override
    void onSettings() {
        settingsRead = true;
        capacityGrew = true;
    }

    @Override
    void onGoAway(int lastStreamId) {
        lastServed = Math.min(lastServed, lastStreamId);
        retire();
    }

    @Override
    public void retire() {
        if (!retired) {
            retired = true;
            wantFlush();
        }
    }

    @Override
    void settled() {
        if (retired && active() == 0) {
            close("retired");
        } else if (capacityGrew) {
            capacityGrew = false;
            Listener told = listener;
            if (told != null && capacity() > 0) {
                told.onCapacity(this);
            }
        }
    }

    @Override
    public void close() {
        retired = true;
        close("the connection was closed here");
    }

    @Override
    void down() {
        if (keepAlive != null) {
            keepAlive.cancel(false);
        }
        Listener told = listener;
        listener = null;
        if (told != null) {
            told.onClosed(this);
        }
    }

    @Override
    void onPeerFault(Http2Error error, String detail) {
        retired = true;
    }
}
