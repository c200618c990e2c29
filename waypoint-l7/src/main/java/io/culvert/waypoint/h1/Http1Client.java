package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 towards an app: one request at a time on one connection, and never another one on a connection whose bytes
 * left a doubt. To be added to the channel's pipeline before it is used. Owned by the channel's loop.
 */
public final class Http1Client extends Http1Connection implements ClientConnection {
    private static final int MAX_INFORMATIONAL = 16;

    private enum Phase {
        /** No request under way: what comes now is a fault. */
        REST,
        HEAD,
        BODY,
        RAW
    }

    private Phase phase = Phase.REST;
    private @Nullable ClientStream stream;
    private @Nullable Listener listener;
    private boolean reusable = true;
    private boolean headMethod;
    private boolean headBegun;
    private boolean answered;
    private boolean outputEnded;
    /** A read or a write failed: the end of the input is not the app's word. */
    private boolean failed;

    private int informational;
    private String upgrade = "";

    public Http1Client(Http1Settings settings) {
        super(settings);
    }

    @Override
    public EventLoop loop() {
        return eventLoop();
    }

    @Override
    public String protocol() {
        return "HTTP/1.1";
    }

    @Override
    public int capacity() {
        return reusable && stream == null && phase == Phase.REST && isUsable() ? 1 : 0;
    }

    @Override
    public int active() {
        return stream == null ? 0 : 1;
    }

    @Override
    public void listener(Listener to) {
        listener = to;
    }

    @Override
    public ClientExchange send(RequestHead head, boolean end, ResponseReceiver receiver) {
        if (capacity() == 0) {
            throw new IllegalStateException("an HTTP/1.1 connection takes one request at a time: ask for its capacity");
        }
        headMethod = head.method().equals("HEAD");
        upgrade = head.upgrade();
        informational = 0;
        headBegun = false;
        answered = false;
        phase = Phase.HEAD;
        forgetCredit();
        // What follows a wish to change the protocol waits for the answer.
        boolean complete = end || !upgrade.isEmpty();
        BodyWriter.Framing framing = writer.request(head, complete);
        HeadWriter.ofThread().request(head, framing, writer.announced(), out());
        ClientStream made = new ClientStream(this, receiver, complete);
        stream = made;
        read();
        return made;
    }

    @Override
    boolean step(ByteBuf in) {
        return switch (phase) {
            case REST -> {
                in.skipBytes(in.readableBytes());
                retireNow("the app sent bytes that nobody asked for");
                yield false;
            }
            case HEAD -> head(in);
            case BODY -> body(in);
            case RAW -> raw(in);
        };
    }

    @Override
    boolean wantsBytes(int waiting) {
        return switch (phase) {
            case REST, HEAD -> true;
            case BODY, RAW -> hasCredit();
        };
    }

    private boolean head(ByteBuf in) {
        answered = true;
        if (!headBegun) {
            if (in.getByte(in.readerIndex()) != 'H') {
                malformed(Fault.STATUS_LINE);
                return false;
            }
            headBegun = true;
            expectHead();
        }
        int size = headSize(in);
        if (size < 0) {
            malformed(headFault);
            return false;
        }
        if (size == 0) {
            return false;
        }
        HeadParser parser = HeadParser.ofThread();
        parser.room(size);
        in.readBytes(parser.bytes, 0, size);
        headBegun = false;
        Fault fault = line.response(parser.bytes);
        if (fault == null) {
            fault = parser.parse(line.end, size, settings.maxFields(), false);
        }
        if (fault == null) {
            fault = accept(parser, in.isReadable());
        }
        if (fault != null) {
            malformed(fault);
            return false;
        }
        return true;
    }

    private @Nullable Fault accept(HeadParser parser, boolean more) {
        int status = line.status;
        if (line.http10 && parser.chunked) {
            return Fault.TRANSFER_ENCODING;
        }
        if ((status < 200 || status == 204) && (parser.chunked || parser.contentLength > 0)) {
            return Fault.BODY_FORBIDDEN;
        }
        ResponseHead head = new ResponseHead(status, parser.fields);
        ClientStream receiver = stream;
        if (status == 101) {
            return switchProtocol(head, parser.upgrade, receiver);
        }
        if (status < 200) {
            if (++informational > MAX_INFORMATIONAL) {
                return Fault.INFORMATIONAL_FLOOD;
            }
            if (receiver != null) {
                receiver.receiver.onInformational(head);
            }
            return null;
        }
        boolean delimited = body.response(parser, headMethod || status == 204 || status == 304);
        reusable &= delimited && !parser.close && !line.http10;
        phase = Phase.BODY;
        boolean end = body.isDone();
        if (end) {
            finish(more);
        }
        if (receiver != null) {
            receiver.receiver.onResponse(head, end);
        }
        if (end) {
            rested();
        }
        return null;
    }

    private @Nullable Fault switchProtocol(ResponseHead head, String protocol, @Nullable ClientStream receiver) {
        if (upgrade.isEmpty() || !protocol.equals(upgrade)) {
            return Fault.UPGRADE;
        }
        reusable = false;
        phase = Phase.RAW;
        writer.raw();
        if (receiver != null) {
            receiver.upgraded();
            receiver.receiver.onUpgraded(head);
        }
        return null;
    }

    private boolean body(ByteBuf in) {
        ByteBuf part = body.next(in);
        ClientStream receiver = stream;
        if (part != null) {
            deliver(part, receiver);
        }
        Fault fault = body.fault();
        if (fault != null) {
            malformed(fault);
            return false;
        }
        if (body.isDone() && phase == Phase.BODY) {
            Fields trailers = body.trailers();
            finish(in.isReadable());
            if (receiver != null && receiver.isCurrent()) {
                receiver.receiver.onEnd(trailers);
            }
            rested();
            return true;
        }
        return part != null;
    }

    private void deliver(ByteBuf part, @Nullable ClientStream receiver) {
        int bytes = part.readableBytes();
        charge(bytes);
        if (receiver != null && receiver.isCurrent()) {
            receiver.receiver.onData(part);
        } else {
            part.release();
            credit(bytes);
        }
    }

    private boolean raw(ByteBuf in) {
        deliver(in.readRetainedSlice(in.readableBytes()), stream);
        return false;
    }

    /**
     * The response is complete. A request that is not cannot be completed on a connection that anybody trusts, and
     * bytes behind the response would become the next request's response. A pool hears of the connection before the
     * receiver hears of the end, so that what the receiver does next may be sent on it.
     */
    private void finish(boolean more) {
        ClientStream done = stream;
        stream = null;
        phase = Phase.REST;
        forgetCredit();
        if (done != null) {
            reusable &= done.hasEnded() && !more;
        }
        Listener told = listener;
        if (reusable && told != null) {
            told.onCapacity(this);
        }
    }

    /** After the receiver heard of the end: what cannot be used again is closed. */
    private void rested() {
        if (!reusable && stream == null && !isClosed()) {
            retireNow("the connection is not reusable");
        }
    }

    private void malformed(Fault fault) {
        fail(StreamError.PROTOCOL, fault.detail);
        retireNow(fault.detail);
    }

    private void fail(StreamError error, String detail) {
        ClientStream open = stream;
        stream = null;
        reusable = false;
        if (open != null && open.isCurrent()) {
            open.over();
            open.receiver.onReset(error, detail);
        }
    }

    private void retireNow(String detail) {
        reusable = false;
        abort(detail);
    }

    @Override
    public void retire() {
        reusable = false;
        if (stream == null) {
            retireNow("retired");
        }
    }

    @Override
    public void close() {
        fail(StreamError.CONNECTION_LOST, "the connection was closed here");
        retireNow("closed here");
    }

    @Override
    void onInputEnd() {
        ClientStream open = stream;
        boolean goodEnd = phase == Phase.BODY && body.endsWithConnection() && !failed;
        if (open != null && open.isCurrent() && phase == Phase.RAW) {
            open.receiver.onEnd(null);
            if (outputEnded) {
                finishRaw();
            }
        } else if (open != null && open.isCurrent() && goodEnd) {
            finish(false);
            open.over();
            open.receiver.onEnd(null);
            retireNow("the response ended with the connection");
        } else {
            abort(
                    phase == Phase.HEAD && !answered
                            ? "the app closed the connection before it answered"
                            : "the app closed the connection within its answer");
        }
    }

    /** The inside ends the bytes of the other protocol. */
    void endRaw() {
        if (!outputEnded) {
            outputEnded = true;
            if (isInputEnded()) {
                finishRaw();
            } else {
                endOutput(() -> {});
            }
        }
    }

    private void finishRaw() {
        if (stream != null) {
            stream.over();
            stream = null;
        }
        out().flushThen(() -> abort("both sides ended"));
    }

    @Override
    void onFailed() {
        reusable = false;
        failed = true;
        if (phase == Phase.REST || phase == Phase.RAW) {
            abort("the app closed the connection");
        }
    }

    @Override
    void onGone(String detail) {
        fail(StreamError.CONNECTION_LOST, detail);
        Listener told = listener;
        listener = null;
        if (told != null) {
            told.onClosed(this);
        }
    }

    @Override
    void onWritable() {
        ClientStream open = stream;
        if (open != null && open.isCurrent()) {
            open.receiver.onWritable();
        }
    }

    boolean carries(ClientStream exchange) {
        return stream == exchange;
    }

    /** The exchange was given up: nothing on this connection can be told apart any more. */
    void onReset(StreamError error) {
        stream = null;
        reusable = false;
        if (phase == Phase.RAW) {
            abortByReset("given up: " + error);
        } else {
            abort("given up: " + error);
        }
    }

    /** What is left of a request that is longer or shorter than its head says. */
    void onBroken() {
        fail(StreamError.INTERNAL, "the request is not as long as its head says");
        retireNow("the request is not as long as its head says");
    }

    void endRequest(@Nullable Fields trailers) {
        if (!writer.end(trailers, out())) {
            onBroken();
        }
    }
}
