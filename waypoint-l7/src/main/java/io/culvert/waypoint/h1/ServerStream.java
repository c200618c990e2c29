package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** One request and its response. Owned by the connection's loop. */
final class ServerStream implements ServerExchange {
    private final ServerConnection connection;
    private final RequestHead request;
    private final boolean complete;
    private @Nullable BodyReceiver receiver;
    private boolean responded;
    private boolean raw;
    private boolean open = true;

    ServerStream(ServerConnection connection, RequestHead request, boolean complete) {
        this.connection = connection;
        this.request = request;
        this.complete = complete;
    }

    @Override
    public EventLoop loop() {
        return connection.eventLoop();
    }

    @Override
    public RequestHead request() {
        return request;
    }

    @Override
    public String protocol() {
        return "HTTP/1.1";
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
    public void consumed(int bytes) {
        if (open) {
            connection.credit(bytes);
        }
    }

    @Override
    public void inform(ResponseHead head) {
        if (open && !responded) {
            HeadWriter.ofThread()
                    .response(head.status(), head.fields(), BodyWriter.Framing.NONE, 0, false, "", connection.out());
        }
    }

    @Override
    public void respond(ResponseHead head, boolean end) {
        if (!open || responded) {
            return;
        }
        responded = true;
        BodyWriter writer = connection.writer;
        BodyWriter.Framing framing = writer.response(request.method(), head, end);
        boolean close = connection.closesAfter();
        HeadWriter.ofThread()
                .response(head.status(), head.fields(), framing, writer.announced(), close, "", connection.out());
        if (end) {
            end(null);
        }
    }

    @Override
    public void upgrade(ResponseHead head) {
        if (!open || responded) {
            return;
        }
        responded = true;
        raw = true;
        HeadWriter.ofThread()
                .response(101, head.fields(), BodyWriter.Framing.NONE, 0, false, request.upgrade(), connection.out());
        connection.onUpgraded();
    }

    @Override
    public void write(ByteBuf data) {
        if (!open || !responded) {
            data.release();
        } else if (!connection.writer.write(data, connection.out())) {
            fail(StreamError.INTERNAL, "the response is longer than its head says");
            connection.onResponseEnd(true);
        }
    }

    /** Where nothing can be written any more, writing is welcome: it is dropped. */
    @Override
    public boolean isWritable() {
        return !open || connection.out().isWritable();
    }

    @Override
    public void end(@Nullable Fields trailers) {
        if (!open || !responded) {
            return;
        }
        if (raw) {
            connection.endRaw();
            return;
        }
        open = false;
        connection.onResponseEnd(!connection.writer.end(trailers, connection.out()));
    }

    @Override
    public void reset(StreamError error) {
        if (open) {
            open = false;
            connection.onReset("given up: " + error);
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    boolean hasResponded() {
        return responded;
    }

    void deliver(ByteBuf data) {
        BodyReceiver to = receiver;
        if (open && to != null) {
            to.onData(data);
        } else {
            int bytes = data.readableBytes();
            data.release();
            connection.credit(bytes);
        }
    }

    void deliverEnd(@Nullable Fields trailers) {
        if (open && receiver != null) {
            receiver.onEnd(trailers);
        }
    }

    /** The connection cannot go on with this exchange. */
    void fail(StreamError error, String detail) {
        if (open) {
            open = false;
            if (receiver != null) {
                receiver.onReset(error, detail);
            }
        }
    }

    void finish() {
        open = false;
    }

    void writable() {
        if (open && receiver != null) {
            receiver.onWritable();
        }
    }
}
