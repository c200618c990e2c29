package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One request to an app and its response. Owned by the connection's loop. */
final class ClientStream implements ClientExchange {
    private final Http1Client connection;
    final ResponseReceiver receiver;
    /** The request is complete. */
    private boolean ended;

    private boolean raw;
    private boolean over;

    ClientStream(Http1Client connection, ResponseReceiver receiver, boolean ended) {
        this.connection = connection;
        this.receiver = receiver;
        this.ended = ended;
    }

    private boolean isOpen() {
        return !over && connection.carries(this);
    }

    boolean isCurrent() {
        return !over;
    }

    boolean hasEnded() {
        return ended;
    }

    void over() {
        over = true;
    }

    /** From now on both directions are bytes of another protocol. */
    void upgraded() {
        raw = true;
        ended = false;
    }

    @Override
    public void write(ByteBuf data) {
        if (!isOpen() || ended) {
            data.release();
        } else if (!connection.writer.write(data, connection.out())) {
            connection.onBroken();
        }
    }

    @Override
    public boolean isWritable() {
        return isOpen() && connection.out().isWritable();
    }

    @Override
    public void end(@Nullable Fields trailers) {
        if (!isOpen() || ended) {
            return;
        }
        ended = true;
        if (raw) {
            connection.endRaw();
        } else {
            connection.endRequest(trailers);
        }
    }

    @Override
    public void reset(StreamError error) {
        if (isOpen()) {
            over = true;
            connection.onReset(error);
        }
    }

    @Override
    public void consumed(int bytes) {
        if (isOpen()) {
            connection.credit(bytes);
        }
    }
}
