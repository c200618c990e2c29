package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** One request and its response. Owned by the connection's loop. */
final class ServerStream extends StreamState implements ServerExchange {
    private final RequestHead request;
    private final boolean complete;
    private @Nullable BodyReceiver receiver;
    private boolean responded;

    ServerStream(ServerCodec codec, Http2Stream stream, RequestHead request, boolean complete) {
        super(codec, stream);
        this.request = request;
        this.complete = complete;
        if (complete) {
            markInputEnded();
        }
    }

    @Override
    @Nullable
    BodyReceiver bodyReceiver() {
        return receiver;
    }

    @Override
    boolean isUnfinished() {
        return !isOutputEnded();
    }

    boolean hasResponded() {
        return responded;
    }

    @Override
    public RequestHead request() {
        return request;
    }

    @Override
    public String protocol() {
        return "HTTP/2";
    }

    @Override
    public boolean isComplete() {
        return complete;
    }

    @Override
    public void receiver(BodyReceiver to) {
        receiver = to;
    }

    @Override
    public void inform(ResponseHead head) {
        if (isOpen() && !responded) {
            codec.writeHead(this, codec.view.of(head), false);
        }
    }

    @Override
    public void respond(ResponseHead head, boolean end) {
        if (!isOpen() || responded) {
            return;
        }
        responded = true;
        boolean last = end || request.method().equals("HEAD") || head.status() == 204 || head.status() == 304;
        codec.writeHead(this, codec.view.of(head), last);
    }

    @Override
    public void upgrade(ResponseHead head) {
        throw new IllegalStateException("HTTP/2 offers no protocol change: a request here never asks for one");
    }

    @Override
    public void write(ByteBuf data) {
        if (responded) {
            super.write(data);
        } else {
            data.release();
        }
    }

    @Override
    public void end(@Nullable Fields trailers) {
        if (responded) {
            endOutput(trailers);
        }
    }

    @Override
    public void reset(StreamError error) {
        if (isOpen()) {
            give(code(error).code());
        }
    }

    /** A client must not hear that it broke the protocol where it was the app. */
    private static Http2Error code(StreamError error) {
        return switch (error) {
            case CANCELLED, TIMEOUT -> Http2Error.CANCEL;
            case REFUSED -> Http2Error.REFUSED_STREAM;
            case LIMIT -> Http2Error.ENHANCE_YOUR_CALM;
            case PROTOCOL, CONNECTION_LOST, INTERNAL -> Http2Error.INTERNAL_ERROR;
        };
    }

    @Override
    public boolean isOpen() {
        return !isOver() && !isOutputEnded();
    }
}
