package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.Fields;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2RemoteFlowController.FlowControlled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What one stream has to send after its head: data that waits for windows, then the end. It is the one entry that the
 * stream has in Netty's flow controller, and grows there by being merged with itself. Owned by the connection's loop.
 */
final class Outbox implements FlowControlled {
    /** Data that is smaller than this is copied behind what waits already: many small buffers cost more than they hold. */
    private static final int SMALL = 512;

    private static final int SHARED = 2048;

    private final StreamState owner;
    private final ArrayDeque<ByteBuf> queue = new ArrayDeque<>(4);
    private @Nullable ByteBuf shared;
    private @Nullable ByteBuf incoming;
    private @Nullable Fields trailers;
    private int size;
    /** Of {@link #size}, what the connection counts as queued: nothing once it is discarded. */
    private int counted;

    private boolean ending;
    private boolean finished;

    Outbox(StreamState owner) {
        this.owner = owner;
    }

    boolean isEnding() {
        return ending;
    }

    int queued() {
        return size;
    }

    void add(ByteBuf data) {
        int bytes = data.readableBytes();
        if (bytes == 0 || ending) {
            data.release();
            return;
        }
        Http2RemoteFlowController flow = owner.codec.encoder().flowController();
        if (flow.hasFlowControlled(owner.stream)) {
            incoming = data;
        } else {
            append(data);
        }
        flow.addFlowControlled(owner.stream, this);
    }

    void end(@Nullable Fields with) {
        if (ending) {
            return;
        }
        ending = true;
        trailers = with;
        Http2RemoteFlowController flow = owner.codec.encoder().flowController();
        if (!flow.hasFlowControlled(owner.stream)) {
            flow.addFlowControlled(owner.stream, this);
        }
    }

    private void append(ByteBuf data) {
        int bytes = data.readableBytes();
        size += bytes;
        counted += bytes;
        owner.codec.bytes().queued(bytes);
        if (bytes >= SMALL || queue.isEmpty()) {
            shared = null;
            queue.add(data);
            return;
        }
        ByteBuf tail = shared;
        if (tail == null || tail.maxFastWritableBytes() < bytes) {
            tail = owner.codec.context().alloc().buffer(SHARED);
            shared = tail;
            queue.add(tail);
        }
        tail.writeBytes(data);
        data.release();
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean merge(ChannelHandlerContext ctx, FlowControlled next) {
        ByteBuf data = incoming;
        incoming = null;
        if (data != null) {
            append(data);
        }
        return true;
    }

    @Override
    public void write(ChannelHandlerContext ctx, int allowedBytes) {
        FrameWriter writer = owner.codec.writer();
        int left = allowedBytes;
        while (size > 0 && left > 0) {
            int length = Math.min(Math.min(size, left), writer.maxFrameSize());
            left -= length;
            size -= length;
            counted -= length;
            owner.codec.bytes().left(length);
            shared = null;
            finished = ending && size == 0 && trailers == null;
            writer.writeData(ctx, owner.stream.id(), queue, length, finished);
            owner.codec.sentData();
        }
        if (ending && size == 0 && !finished) {
            finished = true;
            if (trailers == null) {
                writer.writeData(ctx, owner.stream.id(), queue, 0, true);
            } else {
                owner.codec.writeTrailers(owner, trailers);
            }
        }
        owner.drained();
    }

    @Override
    public void writeComplete() {
        if (finished) {
            owner.codec.outputEnded(owner);
        }
    }

    @Override
    public void error(@Nullable ChannelHandlerContext ctx, Throwable cause) {
        discard();
    }

    /** Size stays as it is: the flow controller takes it off its sums by itself. */
    private void discard() {
        owner.codec.bytes().left(counted);
        counted = 0;
        shared = null;
        ByteBuf data = incoming;
        incoming = null;
        if (data != null) {
            data.release();
        }
        for (ByteBuf next = queue.poll(); next != null; next = queue.poll()) {
            next.release();
        }
    }
}
