package io.culvert.waypoint.h2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames one behind the other into one buffer until the connection flushes, except for data that is large enough
 * to go by itself. Heads, data and window updates cost no promise: a failed write closes the channel, which is how
 * anybody hears of it. What is rare is left to Netty, behind what was gathered. Owned by the connection's loop.
 */
final class FrameWriter extends DefaultHttp2FrameWriter {
    private static final int HEADER = 9;
    private static final int ROOM = 4096;
    /** Data of this size is not copied. */
    private static final int LARGE = 2048;
    /** Cookies that are shorter could be guessed by how well they compress. */
    private static final int SHORT_COOKIE = 20;

    private static final int MAX_STUCK_FRAMES = 10_000;
    private static final int MAX_STUCK_CONTROL = 1_000;
    private static final int MAX_STUCK_BYTES = 1024 * 1024;

    private final Http2HeadersEncoder encoder;
    private @Nullable ByteBuf gathered;
    private int stuckFrames;
    private int stuckControl;
    private int stuckBytes;

    FrameWriter() {
        this(new DefaultHttp2HeadersEncoder(FrameWriter::isSensitive));
    }

    private FrameWriter(DefaultHttp2HeadersEncoder encoder) {
        super(encoder);
        this.encoder = encoder;
    }

    /** What must not get into the peer's compression table (RFC 7541, section 7.1.3). */
    private static boolean isSensitive(CharSequence name, CharSequence value) {
        return switch (name.length()) {
            case 6 -> name.charAt(0) == 'c' && "cookie".contentEquals(name) && value.length() < SHORT_COOKIE;
            case 13 -> name.charAt(0) == 'a' && "authorization".contentEquals(name);
            default -> false;
        };
    }

    // ---- what is gathered

    private ByteBuf room(ChannelHandlerContext ctx, int bytes) {
        ByteBuf buffer = gathered;
        if (buffer != null && buffer.maxFastWritableBytes() < bytes) {
            send(ctx);
            buffer = null;
        }
        if (buffer == null) {
            buffer = ctx.alloc().buffer(Math.max(ROOM, bytes));
            gathered = buffer;
        }
        return buffer;
    }

    /** Writes what was gathered, and does not flush. */
    void send(ChannelHandlerContext ctx) {
        ByteBuf buffer = gathered;
        if (buffer != null) {
            gathered = null;
            ctx.write(buffer, ctx.voidPromise());
        }
    }

    boolean holdsFrames() {
        return gathered != null;
    }

    /** The connection is gone. */
    void discard() {
        ByteBuf buffer = gathered;
        gathered = null;
        if (buffer != null) {
            buffer.release();
        }
    }

    // ---- a peer that does not read

    /** Frames that no window bounds pile up while the channel is not writable: there is an end to that. */
    boolean isStuck() {
        return stuckFrames > MAX_STUCK_FRAMES || stuckControl > MAX_STUCK_CONTROL || stuckBytes > MAX_STUCK_BYTES;
    }

    void unstuck() {
        stuckFrames = 0;
        stuckControl = 0;
        stuckBytes = 0;
    }

    private void count(ChannelHandlerContext ctx, int bytes, boolean control) {
        if (!ctx.channel().isWritable()) {
            stuckFrames++;
            stuckBytes += bytes;
            stuckControl += control ? 1 : 0;
        }
    }

    // ---- frames

    private static void header(ByteBuf to, int length, int type, int flags, int streamId) {
        to.writeMedium(length).writeByte(type).writeByte(flags).writeInt(streamId);
    }

    @Override
    public ChannelFuture writeHeaders(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int padding,
            boolean endStream,
            ChannelPromise promise) {
        ByteBuf buffer = room(ctx, ROOM / 2);
        int start = buffer.writerIndex();
        try {
            buffer.writeZero(HEADER);
            encoder.encodeHeaders(streamId, headers, buffer);
        } catch (Exception e) {
            // The encoder looks at the size before it touches its table: the block can be left out.
            buffer.writerIndex(start);
            return promise.setFailure(e);
        }
        int length = buffer.writerIndex() - start - HEADER;
        count(ctx, length, false);
        int end = endStream ? Http2Flags.END_STREAM : 0;
        if (length <= maxFrameSize()) {
            buffer.setMedium(start, length);
            buffer.setByte(start + 3, Http2FrameTypes.HEADERS);
            buffer.setByte(start + 4, end | Http2Flags.END_HEADERS);
            buffer.setInt(start + 5, streamId);
        } else {
            ByteBuf block = ctx.alloc().buffer(length).writeBytes(buffer, start + HEADER, length);
            buffer.writerIndex(start);
            writeContinued(ctx, streamId, block, end);
        }
        return promise.setSuccess();
    }

    private void writeContinued(ChannelHandlerContext ctx, int streamId, ByteBuf block, int end) {
        byte type = Http2FrameTypes.HEADERS;
        int flags = end;
        while (block.isReadable()) {
            int length = Math.min(maxFrameSize(), block.readableBytes());
            int last = length == block.readableBytes() ? Http2Flags.END_HEADERS : 0;
            ByteBuf to = room(ctx, HEADER + length);
            header(to, length, type, flags | last, streamId);
            to.writeBytes(block, length);
            type = Http2FrameTypes.CONTINUATION;
            flags = 0;
        }
        block.release();
    }

    /** Writes one DATA frame of the first {@code length} bytes of {@code queue}, and takes them off it. */
    void writeData(ChannelHandlerContext ctx, int streamId, ArrayDeque<ByteBuf> queue, int length, boolean end) {
        header(
                room(ctx, HEADER + Math.min(length, LARGE)),
                length,
                Http2FrameTypes.DATA,
                end ? Http2Flags.END_STREAM : 0,
                streamId);
        if (length == 0) {
            count(ctx, HEADER, false);
        }
        int left = length;
        while (left > 0) {
            ByteBuf part = queue.element();
            int bytes = Math.min(left, part.readableBytes());
            left -= bytes;
            boolean whole = bytes == part.readableBytes();
            if (whole) {
                queue.remove();
            }
            if (bytes < LARGE) {
                room(ctx, bytes).writeBytes(part, bytes);
                if (whole) {
                    part.release();
                }
            } else {
                send(ctx);
                ctx.write(whole ? part : part.readRetainedSlice(bytes), ctx.voidPromise());
            }
        }
    }

    @Override
    public ChannelFuture writeWindowUpdate(
            ChannelHandlerContext ctx, int streamId, int windowSizeIncrement, ChannelPromise promise) {
        ByteBuf to = room(ctx, HEADER + 4);
        header(to, 4, Http2FrameTypes.WINDOW_UPDATE, 0, streamId);
        to.writeInt(windowSizeIncrement);
        count(ctx, HEADER + 4, true);
        return promise.setSuccess();
    }

    @Override
    public ChannelFuture writeRstStream(
            ChannelHandlerContext ctx, int streamId, long errorCode, ChannelPromise promise) {
        ByteBuf to = room(ctx, HEADER + 4);
        header(to, 4, Http2FrameTypes.RST_STREAM, 0, streamId);
        to.writeInt((int) errorCode);
        count(ctx, HEADER + 4, true);
        return promise.setSuccess();
    }

    @Override
    public ChannelFuture writePing(ChannelHandlerContext ctx, boolean ack, long data, ChannelPromise promise) {
        ByteBuf to = room(ctx, HEADER + 8);
        header(to, 8, Http2FrameTypes.PING, ack ? Http2Flags.ACK : 0, 0);
        to.writeLong(data);
        count(ctx, HEADER + 8, true);
        return promise.setSuccess();
    }

    @Override
    public ChannelFuture writeSettingsAck(ChannelHandlerContext ctx, ChannelPromise promise) {
        header(room(ctx, HEADER), 0, Http2FrameTypes.SETTINGS, Http2Flags.ACK, 0);
        count(ctx, HEADER, true);
        return promise.setSuccess();
    }

    @Override
    public ChannelFuture writeSettings(ChannelHandlerContext ctx, Http2Settings settings, ChannelPromise promise) {
        send(ctx);
        return super.writeSettings(ctx, settings, promise);
    }

    @Override
    public ChannelFuture writeGoAway(
            ChannelHandlerContext ctx, int lastStreamId, long errorCode, ByteBuf debugData, ChannelPromise promise) {
        send(ctx);
        return super.writeGoAway(ctx, lastStreamId, errorCode, debugData, promise);
    }
}
