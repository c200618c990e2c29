package io.culvert.core.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a relay that is a TCP socket, and the only handler of its channel. Until it is joined it holds what arrives
 * (bytes, the end, a reset) and tells its owner of a reset only. Owned by its loop.
 *
 * <p>Reading is off until the relay allows it, yet bytes may come all the same: once the peer has half-closed, Netty's
 * epoll transport reads to the end. They are held in order and charged to the budget.
 */
public final class RelaySocket extends ChannelInboundHandlerAdapter implements RelayHalf, Runnable {
    /** Who cares for a socket that is not joined yet. */
    public interface Owner {
        /** The peer has reset the connection. */
        void onEarlyReset();
    }

    private static final Logger LOG = LoggerFactory.getLogger(RelaySocket.class);

    private final ByteBudget budget;
    private final Channel channel;
    private final WriteTracker writes;
    private @Nullable Owner owner;
    private @Nullable Relay relay;
    private @Nullable ArrayDeque<ByteBuf> held;
    private boolean reading;
    private boolean inputEnded;
    private boolean endDelivered;
    private boolean reset;
    private boolean finishing;
    private boolean closing;
    private boolean outputShut;
    private boolean flushScheduled;
    // Whether writes are charged here: not when they come from a stream, whose window is charged.
    private boolean chargesWrites;

    /**
     * The handler for {@code channel}, which the caller adds to its pipeline.
     *
     * @param budget what this connection's queues are charged to
     */
    public RelaySocket(Channel channel, ByteBudget budget) {
        this.channel = channel;
        this.budget = budget;
        this.writes = new WriteTracker(channel, this);
    }

    /** The socket's channel. */
    public Channel channel() {
        return channel;
    }

    /** Who is told of a reset until the socket is joined. */
    public void owner(@Nullable Owner newOwner) {
        owner = newOwner;
        if (newOwner != null && reset) {
            newOwner.onEarlyReset();
        }
    }

    /** Whether the peer has reset the connection, or it is closed for another reason. */
    public boolean isGone() {
        return reset || !channel.isOpen();
    }

    @Override
    public void bind(Relay to) {
        owner = null;
        relay = to;
        chargesWrites = to.other(this) instanceof RelaySocket;
        if (reset) {
            to.onReset(this, null);
        }
    }

    // ---- what comes in

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        ByteBuf data = (ByteBuf) msg;
        Relay to = relay;
        if (to != null && reading) {
            to.onData(this, data);
        } else if (to != null && to.isEnded()) {
            data.release();
        } else {
            hold(data);
        }
    }

    private void hold(ByteBuf data) {
        if (held == null) {
            held = new ArrayDeque<>(4);
        }
        budget.charge(data.readableBytes());
        held.add(data);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (relay != null) {
            relay.other(this).flush();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE && !inputEnded) {
            inputEnded = true;
            deliverEnd();
        }
    }

    /**
     * The end of the input that came with the end of the channel: no half-close is asked of Netty once our own direction
     * has ended. What is held stays to be passed on.
     */
    private boolean closedByEnd() {
        if (outputShut && !reset && !closing && !inputEnded && relay != null && !relay.isEnded()) {
            inputEnded = true;
            deliverEnd();
        }
        return inputEnded && !reset;
    }

    private void deliverEnd() {
        if (inputEnded && !endDelivered && !reset && relay != null && (held == null || held.isEmpty())) {
            endDelivered = true;
            relay.onEnd(this);
            closeIfDone();
        }
    }

    /** Both directions have ended: the other end may still have much to send, this descriptor need not wait for it. */
    private void closeIfDone() {
        if (isDone() && channel.isOpen()) {
            var _ = channel.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // Before the connection stands, its failure is the dial's business.
        if (!ctx.channel().isActive()) {
            return;
        }
        // A reset must be told here: the input-shutdown event that follows looks like an ordinary end.
        if (!(cause instanceof IOException)) {
            LOG.warn("relay of {} failed", ctx.channel(), cause);
        }
        onReset(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!closedByEnd()) {
            onReset(null);
        }
    }

    private void onReset(@Nullable Throwable cause) {
        if (reset || isDone()) {
            return;
        }
        reset = true;
        if (relay != null) {
            relay.onReset(this, cause);
        } else if (owner != null) {
            Owner told = owner;
            owner = null;
            told.onEarlyReset();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        dropHeldUnlessOwed();
    }

    @Override
    public void channelUnregistered(ChannelHandlerContext ctx) {
        if (!ctx.channel().isOpen()) {
            dropHeldUnlessOwed();
        }
    }

    private void dropHeldUnlessOwed() {
        if (reset || !inputEnded || relay == null || relay.isEnded()) {
            dropHeld();
        }
    }

    private void dropHeld() {
        if (held == null) {
            return;
        }
        for (ByteBuf data : held) {
            budget.release(data.readableBytes());
            ReferenceCountUtil.release(data);
        }
        held = null;
    }

    @Override
    public void reading(boolean on) {
        if (on == reading || relay == null) {
            return;
        }
        reading = on;
        if (!on) {
            if (channel.isOpen()) {
                channel.config().setAutoRead(false);
            }
            return;
        }
        if (held != null) {
            handOverHeld(relay);
        }
        if (reading && !inputEnded) {
            channel.config().setAutoRead(true);
        }
        deliverEnd();
    }

    private void handOverHeld(Relay to) {
        boolean some = false;
        while (reading && held != null && !held.isEmpty()) {
            ByteBuf data = held.remove();
            budget.release(data.readableBytes());
            to.onData(this, data);
            some = true;
        }
        if (held != null && held.isEmpty()) {
            held = null;
        }
        if (some) {
            to.other(this).flush();
        }
    }

    @Override
    public void consumed(int bytes) {
        // What a socket delivers is charged where it is queued.
    }

    // ---- what goes out

    @Override
    public void write(ByteBuf data) {
        int bytes = data.readableBytes();
        if (outputShut || bytes == 0) {
            data.release();
            if (relay != null && bytes > 0) {
                relay.other(this).consumed(bytes);
            }
            return;
        }
        if (chargesWrites) {
            budget.charge(bytes);
        }
        writes.add(bytes);
        var _ = channel.write(data, writes);
    }

    /** The {@code bytes} of the oldest write have left, or are lost when there is a {@code failure}. */
    void onWritten(int bytes, @Nullable Throwable failure) {
        if (chargesWrites) {
            budget.release(bytes);
        }
        if (failure != null) {
            onReset(failure);
            return;
        }
        Relay from = relay;
        if (from != null) {
            from.onWritten(this, bytes);
        }
        if (writes.isEmpty()) {
            onDrained();
        }
    }

    private void onDrained() {
        if (finishing && !outputShut) {
            shutOutput();
        }
        if (closing) {
            var _ = channel.close();
        }
    }

    @Override
    public void flush() {
        if (!flushScheduled) {
            flushScheduled = true;
            channel.eventLoop().execute(this);
        }
    }

    /** The scheduled flush: once for all that one turn of the loop wrote. */
    @Override
    public void run() {
        flushScheduled = false;
        channel.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (relay != null && ctx.channel().isWritable()) {
            relay.onWritable(this);
        }
    }

    @Override
    public boolean isWritable() {
        return channel.isWritable();
    }

    /** Bytes that were written here and have not left for the kernel. */
    int pendingBytes() {
        return writes.pendingBytes();
    }

    @Override
    public void finish() {
        finishing = true;
        if (writes.isEmpty()) {
            shutOutput();
        } else {
            flush();
        }
    }

    private void shutOutput() {
        outputShut = true;
        if (endDelivered) {
            // The end of both: close sends the FIN, too, and saves the system call.
            closeIfDone();
        } else {
            sendFin();
        }
        if (relay != null) {
            relay.onOutputEnded();
        }
    }

    /**
     * Ends our direction. Nothing is queued in Netty, so its own way, which makes an exception with a stack trace to fail
     * what is, can be left out; and the end of the other direction may close the socket without another shutdown.
     */
    private void sendFin() {
        ((SocketChannelConfig) channel.config()).setAllowHalfClosure(false);
        try {
            ((Socket) ((UnixChannel) channel).fd()).shutdown(false, true);
        } catch (IOException | NotYetConnectedException e) {
            // The peer was faster: its reset is on its way to us.
            LOG.trace("no FIN on {}", channel, e);
        }
    }

    @Override
    public boolean isDone() {
        return endDelivered && outputShut;
    }

    @Override
    public void close() {
        closing = true;
        reading(false);
        if (!channel.isOpen()) {
            dropHeld();
        } else if (writes.isEmpty()) {
            var _ = channel.close();
        } else {
            flush();
        }
    }

    /** Closes it so that the peer sees a reset (SO_LINGER 0). Idempotent. */
    @Override
    public void abort() {
        if (!channel.isOpen()) {
            dropHeld();
            return;
        }
        reset = true;
        try {
            ((SocketChannelConfig) channel.config()).setSoLinger(0);
        } catch (ChannelException e) {
            // The peer was faster: nothing is left to reset.
            LOG.trace("no linger on {}", channel, e);
        }
        if (channel.isRegistered()) {
            var _ = channel.close();
        } else {
            channel.unsafe().closeForcibly();
        }
    }
}
