package io.culvert.waypoint.h1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What both ends of HTTP/1.1 have in common: bytes are asked for as credit allows, cut into heads and bodies, and
 * written out gathered. Owned by the channel's loop.
 */
abstract class Http1Connection extends ChannelInboundHandlerAdapter {
    private static final byte LF = '\n';

    final Http1Settings settings;
    final BodyReader body;
    final BodyWriter writer = new BodyWriter();
    final StartLine line = new StartLine();

    private @Nullable ChannelHandlerContext context;
    private @Nullable Outbox outbox;
    private @Nullable ByteBuf held;
    /** Of what is held, behind the last LF that was looked at: a head that comes by drops is not searched twice. */
    private int lineStart;

    private int searched;
    /** Why {@link #headSize} was negative. */
    Fault headFault = Fault.TOO_LARGE;

    private boolean driving;
    private boolean reading;
    private boolean inputEnded;
    private boolean closed;
    /** Bytes of bodies that the inside has not returned. */
    private int unconsumed;

    Http1Connection(Http1Settings settings) {
        this.settings = settings;
        this.body = new BodyReader(settings.maxHeadBytes(), settings.maxFields());
    }

    /**
     * Does one step with the bytes that are held.
     *
     * @return false when it can do nothing before more bytes or a call from the inside
     */
    abstract boolean step(ByteBuf in);

    /** Whether more bytes are welcome; {@code waiting} of them were not taken yet. */
    abstract boolean wantsBytes(int waiting);

    /** The other side sends nothing more. */
    abstract void onInputEnd();

    /** The connection is gone; called once. */
    abstract void onGone(String detail);

    abstract void onWritable();

    final ChannelHandlerContext ctx() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("the HTTP/1.1 codec is not in a pipeline yet");
        }
        return ctx;
    }

    final Outbox out() {
        Outbox out = outbox;
        if (out == null) {
            throw new IllegalStateException("the HTTP/1.1 codec is not in a pipeline yet");
        }
        return out;
    }

    final EventLoop eventLoop() {
        return ctx().channel().eventLoop();
    }

    final boolean isClosed() {
        return closed;
    }

    final boolean isInputEnded() {
        return inputEnded;
    }

    /** Whether bytes can go both ways. */
    final boolean isUsable() {
        ChannelHandlerContext ctx = context;
        return ctx != null && !closed && !inputEnded && ctx.channel().isActive();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        outbox = new Outbox(ctx);
        ctx.channel().config().setAutoRead(false);
        ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        // What the other side said last can still be read when writing to it has failed.
        ctx.channel().config().setAutoClose(false);
        if (ctx.channel().isActive()) {
            read();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        read();
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closed || !in.isReadable()) {
            in.release();
            return;
        }
        held = held == null ? in : append(held, in);
        drive();
    }

    private ByteBuf append(ByteBuf first, ByteBuf second) {
        int size = second.readableBytes();
        if (first.refCnt() == 1 && !first.isReadOnly() && first.maxFastWritableBytes() >= size) {
            first.writeBytes(second);
            second.release();
            return first;
        }
        ByteBuf both = ctx().alloc().buffer(Math.max(512, 2 * (first.readableBytes() + size)));
        both.writeBytes(first).writeBytes(second);
        first.release();
        second.release();
        return both;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        reading = false;
        out().flush();
        read();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            endInput();
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        gone("the other side closed the connection");
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        gone("the codec was taken out of the pipeline");
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!closed && ctx.channel().isWritable()) {
            onWritable();
        }
        ctx.fireChannelWritabilityChanged();
    }

    /** A failed write leaves the input open: a read shows what is left, and then the end. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException && ctx.channel().isActive() && !inputEnded) {
            onFailed();
            read();
            return;
        }
        gone(String.valueOf(cause));
        ctx.close();
    }

    /** What is being sent will not arrive. */
    abstract void onFailed();

    private void endInput() {
        if (!inputEnded && !closed) {
            inputEnded = true;
            onInputEnd();
        }
    }

    /** Takes what is held as far as it goes. A call from within has no effect: the outer one goes on. */
    final void drive() {
        if (driving) {
            return;
        }
        driving = true;
        try {
            ByteBuf in = held;
            while (in != null && in.isReadable() && !closed && step(in)) {
                in = held;
            }
        } finally {
            driving = false;
            releaseIfEmpty();
        }
        read();
    }

    private void releaseIfEmpty() {
        ByteBuf in = held;
        if (in != null && (closed || !in.isReadable())) {
            held = null;
            in.release();
        }
    }

    /** Asks for bytes if they are wanted and were not asked for yet. */
    final void read() {
        ByteBuf in = held;
        if (!reading && !closed && !inputEnded && wantsBytes(in == null ? 0 : in.readableBytes())) {
            reading = true;
            ctx().read();
        }
    }

    final void charge(int bytes) {
        unconsumed += bytes;
    }

    final void credit(int bytes) {
        unconsumed -= bytes;
        read();
    }

    final void forgetCredit() {
        unconsumed = 0;
    }

    final boolean hasCredit() {
        return unconsumed < settings.window();
    }

    /** Begins to look for the end of a head. */
    final void expectHead() {
        lineStart = 0;
        searched = 0;
    }

    /** Bytes of the head at the reader's index, 0 if its end is not there yet, negative for a fault in {@link #headFault}. */
    final int headSize(ByteBuf in) {
        int base = in.readerIndex();
        while (true) {
            int lf = in.indexOf(base + searched, in.writerIndex(), LF);
            if (lf < 0) {
                searched = in.readableBytes();
                headFault = Fault.TOO_LARGE;
                return searched > settings.maxHeadBytes() ? -1 : 0;
            }
            int at = lf - base;
            if (at == 0 || in.getByte(lf - 1) != '\r') {
                headFault = Fault.BARE_LF;
                return -1;
            }
            searched = at + 1;
            if (searched > settings.maxHeadBytes()) {
                headFault = Fault.TOO_LARGE;
                return -1;
            }
            if (at - lineStart == 1 && lineStart > 0) {
                return searched;
            }
            lineStart = searched;
        }
    }

    /** As {@link #abort}, so that the other side cannot take it for the end of what was said. */
    final void abortByReset(String detail) {
        if (!closed) {
            ctx().channel().config().setOption(ChannelOption.SO_LINGER, 0);
            abort(detail);
        }
    }

    /** Ends the connection at once; the inside hears of it by {@link #onGone}. */
    final void abort(String detail) {
        if (!closed) {
            out().flush();
            gone(detail);
            ctx().close();
        }
    }

    /**
     * Says that nothing more comes, after all that was written.
     *
     * @param then called when that was sent, if the connection is still there
     */
    final void endOutput(Runnable then) {
        out().flushThen(() -> {
            if (closed) {
                return;
            }
            if (!inputEnded && ctx().channel() instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
                then.run();
            } else {
                ctx().close();
            }
        });
    }

    private void gone(String detail) {
        if (closed) {
            return;
        }
        closed = true;
        if (outbox != null) {
            outbox.discard();
        }
        if (!driving) {
            releaseIfEmpty();
        }
        onGone(detail);
    }
}
