package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.FieldRules;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection. Requests are answered one after the other; the next one's bytes wait. Owned by the channel's
 * loop.
 */
final class ServerConnection extends Http1Connection {
    private enum Phase {
        /** Between requests, or within a head. */
        HEAD,
        /** A request's body comes in. */
        BODY,
        /** The request is complete, its response is not; what comes waits. */
        ANSWERING,
        /** Bytes of another protocol. */
        RAW,
        /** The last response is on its way: what comes is dropped until the client ends. */
        LINGER
    }

    private final RequestHandler requests;
    private final String scheme;
    private final Http1Server.Listener listener;

    private Phase phase = Phase.HEAD;
    private @Nullable ServerStream stream;
    private boolean closeAfter;
    private boolean draining;
    private boolean headBegun;
    private boolean headTimed;
    private boolean blankSkipped;
    private boolean outputEnded;
    private @Nullable Deadline deadline;

    ServerConnection(RequestHandler requests, Http1Settings settings, String scheme, Http1Server.Listener listener) {
        super(settings);
        this.requests = requests;
        this.scheme = scheme;
        this.listener = listener;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        deadline = new Deadline(ctx.executor(), this::onTimer);
        limit(settings.idleTimeout());
        super.handlerAdded(ctx);
    }

    private void limit(Duration timeout) {
        if (deadline != null && !isClosed()) {
            deadline.set(timeout.toNanos());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == Http1Server.Signal.DRAIN) {
            drain();
        }
        super.userEventTriggered(ctx, event);
    }

    private void drain() {
        draining = true;
        if (phase == Phase.HEAD && !headBegun && !isClosed()) {
            linger();
        }
    }

    @Override
    boolean step(ByteBuf in) {
        return switch (phase) {
            case HEAD -> head(in);
            case BODY -> body(in);
            case ANSWERING -> false;
            case RAW -> raw(in);
            case LINGER -> {
                in.skipBytes(in.readableBytes());
                yield false;
            }
        };
    }

    @Override
    boolean wantsBytes(int waiting) {
        return switch (phase) {
            case HEAD, LINGER -> true;
            case BODY, RAW -> hasCredit();
            case ANSWERING -> waiting < settings.maxHeldBytes();
        };
    }

    private boolean head(ByteBuf in) {
        if (!headBegun && !begin(in)) {
            return false;
        }
        int size = headSize(in);
        if (size < 0) {
            reject(headFault);
            return false;
        }
        if (size == 0) {
            if (!headTimed) {
                headTimed = true;
                limit(settings.headTimeout());
            }
            return false;
        }
        HeadParser parser = HeadParser.ofThread();
        parser.room(size);
        in.readBytes(parser.bytes, 0, size);
        headBegun = false;
        headTimed = false;
        blankSkipped = false;
        Fault fault = parse(parser, size);
        if (fault != null) {
            reject(fault);
            return false;
        }
        return accept(parser, in);
    }

    /** Looks at the first bytes of a head: one empty line may precede it, and what can be no method is no request. */
    private boolean begin(ByteBuf in) {
        int first = in.getByte(in.readerIndex());
        if (first == '\r' && !blankSkipped) {
            if (in.readableBytes() < 2) {
                return false;
            }
            if (in.getByte(in.readerIndex() + 1) != '\n') {
                reject(Fault.BARE_CR);
                return false;
            }
            in.skipBytes(2);
            blankSkipped = true;
            if (!in.isReadable()) {
                return false;
            }
            first = in.getByte(in.readerIndex());
        }
        if (FieldRules.lowerToken(first & 0xff) == 0) {
            reject(first == '\n' ? Fault.BARE_LF : Fault.REQUEST_LINE);
            return false;
        }
        headBegun = true;
        expectHead();
        return true;
    }

    private @Nullable Fault parse(HeadParser parser, int size) {
        Fault fault = line.request(parser.bytes);
        if (fault == null) {
            fault = parser.parse(line.end, size, settings.maxFields(), true);
        }
        String host = parser.host;
        if (fault == null) {
            fault = host == null ? Fault.HOST : line.resolve(host, settings.paths());
        }
        return fault;
    }

    private boolean accept(HeadParser parser, ByteBuf in) {
        closeAfter = parser.close || draining;
        if (parser.chunked) {
            body.chunked();
        } else {
            body.length(Math.max(0, parser.contentLength));
        }
        boolean complete = body.isDone();
        String upgrade = complete ? parser.upgrade : "";
        RequestHead head = new RequestHead(line.method, scheme, line.authority, line.path, parser.fields, upgrade);
        if (parser.chunked) {
            Fault fault = body.foresee(in);
            if (fault != null) {
                reject(fault);
                return false;
            }
        }
        phase = complete ? Phase.ANSWERING : Phase.BODY;
        forgetCredit();
        ServerStream made = new ServerStream(this, head, complete);
        stream = made;
        requests.onRequest(made);
        return true;
    }

    private boolean body(ByteBuf in) {
        ByteBuf part = body.next(in);
        ServerStream receiver = stream;
        if (part != null) {
            charge(part.readableBytes());
            if (receiver == null) {
                part.release();
            } else {
                receiver.deliver(part);
            }
        }
        Fault fault = body.fault();
        if (fault != null) {
            malformed(fault);
            return false;
        }
        if (body.isDone() && phase == Phase.BODY) {
            phase = Phase.ANSWERING;
            if (stream != null) {
                stream.deliverEnd(body.trailers());
            }
            return true;
        }
        return part != null;
    }

    /** The body of a request that was handed on already is no body. */
    private void malformed(Fault fault) {
        ServerStream broken = stream;
        stream = null;
        boolean answered = broken != null && broken.hasResponded();
        if (broken != null) {
            broken.fail(StreamError.PROTOCOL, fault.detail);
        }
        if (answered) {
            abort(fault.detail);
        } else if (!isClosed()) {
            answer(fault);
        }
    }

    private boolean raw(ByteBuf in) {
        ServerStream receiver = stream;
        ByteBuf part = in.readRetainedSlice(in.readableBytes());
        charge(part.readableBytes());
        if (receiver == null) {
            part.release();
        } else {
            receiver.deliver(part);
        }
        return false;
    }

    /** Refuses what is no request, and what would follow it. */
    private void reject(Fault fault) {
        listener.onRejected(fault.status, fault.detail);
        answer(fault);
    }

    private void answer(Fault fault) {
        ByteBuf text = Unpooled.copiedBuffer(fault.detail + "\n", StandardCharsets.US_ASCII);
        Fields fields = new Fields().add("content-type", "text/plain");
        HeadWriter.ofThread()
                .response(fault.status, fields, BodyWriter.Framing.LENGTH, text.readableBytes(), true, "", out());
        out().write(text);
        linger();
    }

    /** The response of the current request has been written. */
    void onResponseEnd(boolean broken) {
        stream = null;
        forgetCredit();
        if (broken) {
            abort("the response is not as long as its head says");
        } else if (closeAfter || phase != Phase.ANSWERING) {
            linger();
        } else {
            phase = Phase.HEAD;
            limit(settings.idleTimeout());
            drive();
        }
    }

    void onUpgraded() {
        phase = Phase.RAW;
        writer.raw();
        drive();
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
            stream.finish();
            stream = null;
        }
        out().flushThen(() -> abort("both sides ended"));
    }

    /** Whether this response is the last one of the connection. */
    boolean closesAfter() {
        closeAfter |= draining || phase == Phase.BODY;
        return closeAfter;
    }

    /** Ends the connection when all is sent; what comes until the client ends too is dropped. */
    private void linger() {
        phase = Phase.LINGER;
        limit(settings.idleTimeout());
        endOutput(() -> limit(settings.lingerTimeout()));
        read();
    }

    @Override
    void onInputEnd() {
        ServerStream open = stream;
        if (phase == Phase.RAW && open != null) {
            open.deliverEnd(null);
            if (outputEnded) {
                finishRaw();
            }
            return;
        }
        if (phase == Phase.LINGER) {
            out().flushThen(() -> abort("both sides ended"));
        } else {
            abort("the client closed the connection");
        }
    }

    @Override
    void onFailed() {
        abort("the client closed the connection");
    }

    @Override
    void onGone(String detail) {
        if (deadline != null) {
            deadline.cancel();
        }
        ServerStream open = stream;
        stream = null;
        if (open != null) {
            open.fail(StreamError.CANCELLED, detail);
        }
    }

    @Override
    void onWritable() {
        if (stream != null) {
            stream.writable();
        }
    }

    /** Called by the exchange that breaks itself off. */
    void onReset(String detail) {
        stream = null;
        if (phase == Phase.RAW) {
            abortByReset(detail);
        } else {
            abort(detail);
        }
    }

    /** The time is up, if it matters in this phase. */
    private void onTimer() {
        switch (phase) {
            case HEAD -> {
                if (headBegun) {
                    reject(Fault.SLOW_HEAD);
                } else {
                    linger();
                }
            }
            case LINGER -> abort("the client did not end");
            // How long an exchange may rest is for its handler to say.
            case BODY, ANSWERING, RAW -> limit(settings.idleTimeout());
        }
    }
}
