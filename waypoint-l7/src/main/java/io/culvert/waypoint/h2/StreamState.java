package io.culvert.waypoint.h2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.streamError;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/** What both ends know of a stream; kept as its property. Owned by the connection's loop. */
abstract class StreamState {
    final Codec codec;
    final Http2Stream stream;
    private final Outbox outbox = new Outbox(this);
    /** Bytes of the body that its head announced and that have not come; -1 when it announced nothing. */
    private long missing = -1;

    /** Bytes that the inside has and has not returned. */
    private int unread;

    private boolean inputEnded;
    private boolean outputEnded;
    /** Nothing is told to the inside any more, and nothing taken from it. */
    private boolean over;

    private boolean wantsWritable;

    StreamState(Codec codec, Http2Stream stream) {
        this.codec = codec;
        this.stream = stream;
    }

    /** Who hears of the body; null while nobody asked. */
    abstract @Nullable BodyReceiver bodyReceiver();

    /** Whether the inside still waits for something, so that it must be told when it will not come. */
    abstract boolean isUnfinished();

    public EventLoop loop() {
        return codec.context().channel().eventLoop();
    }

    final boolean isOver() {
        return over;
    }

    final boolean isInputEnded() {
        return inputEnded;
    }

    final boolean isOutputEnded() {
        return outputEnded;
    }

    final void markOutputEnded() {
        outputEnded = true;
    }

    final void markInputEnded() {
        inputEnded = true;
    }

    final Outbox outbox() {
        return outbox;
    }

    // ---- input

    final void expect(long contentLength) {
        missing = contentLength;
    }

    /** Whether data may follow the head at all; where it may not, a length says nothing. */
    final void checkEnd() throws Http2Exception {
        if (missing > 0) {
            throw streamError(stream.id(), PROTOCOL_ERROR, "the body is %d bytes shorter than content-length", missing);
        }
    }

    /** @return how much credit to return at once */
    final int data(ByteBuf data, int padding, boolean end) throws Http2Exception {
        int bytes = data.readableBytes();
        if (missing >= 0) {
            missing -= bytes;
            if (missing < 0) {
                throw streamError(stream.id(), PROTOCOL_ERROR, "the body is longer than content-length");
            }
        }
        if (end) {
            checkEnd();
            inputEnded = true;
        }
        BodyReceiver to = bodyReceiver();
        if (over || to == null) {
            return bytes + padding;
        }
        if (bytes > 0) {
            unread += bytes;
            codec.bytes().received(bytes);
            to.onData(data.retain());
        }
        if (end && !over) {
            to.onEnd(null);
        }
        return padding;
    }

    /** Trailers, the head having been read. */
    final void trailers(FieldBlock block, boolean end) throws Http2Exception {
        int id = stream.id();
        if (!end) {
            throw streamError(id, PROTOCOL_ERROR, "a second head, or trailers that are not the end");
        }
        if (block.isTooLarge()) {
            throw streamError(id, ENHANCE_YOUR_CALM, "the trailers are too many or too large");
        }
        Fields trailers = block.trailers();
        if (trailers == null) {
            throw streamError(id, PROTOCOL_ERROR, "%s", block.fault());
        }
        checkEnd();
        inputEnded = true;
        BodyReceiver to = bodyReceiver();
        if (!over && to != null) {
            to.onEnd(trailers.size() == 0 ? null : trailers);
        }
    }

    /** Returns credit; of a stream that is closed it was returned already. */
    public void consumed(int bytes) {
        int due = Math.min(bytes, unread);
        unread -= due;
        codec.bytes().returned(due);
        codec.returnCredit(stream, bytes);
    }

    /** The stream is closed: what the inside still has of it is as good as dropped. */
    final void returnAll() {
        codec.bytes().returned(unread);
        unread = 0;
    }

    // ---- output

    public void write(ByteBuf data) {
        if (canWrite()) {
            outbox.add(data);
            codec.wantFlush();
        } else {
            data.release();
        }
    }

    private boolean canWrite() {
        return !over && !outputEnded && stream.state().localSideOpen() && !stream.isResetSent();
    }

    /** Where nothing can be written any more, writing is welcome: it is dropped. */
    public boolean isWritable() {
        if (!canWrite() || outbox.queued() < codec.bytes().roomForEach()) {
            return true;
        }
        wantsWritable = true;
        return false;
    }

    final void endOutput(@Nullable Fields trailers) {
        if (canWrite() && !outbox.isEnding()) {
            outbox.end(trailers == null || trailers.size() == 0 ? null : trailers);
            codec.wantFlush();
        }
    }

    /** The flow controller has taken data. */
    final void drained() {
        if (wantsWritable && outbox.queued() <= codec.bytes().roomForEach() / 2) {
            wantsWritable = false;
            codec.tellWritable(this);
        }
    }

    final void onWritable() {
        BodyReceiver to = bodyReceiver();
        if (!over && to != null) {
            to.onWritable();
        }
    }

    // ---- ends

    /** Given up from the inside; nothing is told to it any more. */
    final void give(long code) {
        if (!over) {
            over = true;
            codec.resetByUs(stream, code);
        }
    }

    /** Broken off by the other side, by a fault of it, or with the connection. */
    void broken(StreamError error, String detail) {
        if (over) {
            return;
        }
        boolean tell = isUnfinished();
        over = true;
        BodyReceiver to = bodyReceiver();
        if (tell && to != null) {
            to.onReset(error, detail);
        }
    }
}
