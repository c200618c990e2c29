package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.H2Error;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.ResetReason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.internal.StringUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.NotYetConnectedException;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an HBONE stream as a channel that behaves like a TCP socket: what is read is credit for the peer, what is
 * not read is held within the stream's window, writability is the stream's, a half-close is END_STREAM, a close with
 * SO_LINGER 0 a reset. Nothing is read before somebody asks: auto-read is off at first. Register it on the stream's loop
 * once {@link #opened}. Owned by that loop.
 */
public final class StreamChannel extends AbstractChannel implements DuplexChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);
    /** Index of the one user-defined writability. */
    private static final int STREAM = 1;

    private final StreamChannelConfig config = new StreamChannelConfig(this);
    private final FromTunnel fromTunnel = new FromTunnel();
    private final InetSocketAddress local;
    private final InetSocketAddress remote;

    private @Nullable HboneStream stream;
    private final Unread held = new Unread();
    private boolean readWanted;
    private boolean delivering;
    private boolean inputEnded;
    private boolean endDelivered;
    private boolean outputEnded;
    /** The stream is over in both directions. */
    private boolean gone;

    private boolean open = true;
    private @Nullable Linger linger;

    /**
     * A channel without a stream yet.
     *
     * @param local as the socket's own address is told: what the peer connected to, or where a stream leaves from
     * @param remote the peer, as it is told
     */
    public StreamChannel(InetSocketAddress local, InetSocketAddress remote) {
        super(null);
        this.local = local;
        this.remote = remote;
    }

    /** What to give to the accept or the open as handler. */
    public HboneStreamHandler handler() {
        return fromTunnel;
    }

    /** The stream that this is the channel of; then register the channel on its loop. */
    public void opened(HboneStream to) {
        stream = to;
    }

    private HboneStream stream() {
        if (stream == null) {
            throw new NotYetConnectedException();
        }
        return stream;
    }

    // ---- what comes in

    private final class FromTunnel implements HboneStreamHandler {
        @Override
        public void onData(ByteBuf data) {
            if (!open) {
                int bytes = data.readableBytes();
                data.release();
                stream().consumed(bytes);
                if (linger != null) {
                    linger.dropped();
                }
            } else if (readWanted && !delivering && held.isEmpty() && isRegistered()) {
                delivering = true;
                try {
                    pass(data);
                } finally {
                    delivering = false;
                }
                deliver();
            } else {
                held.add(data);
            }
        }

        @Override
        public void onFinished() {
            inputEnded = true;
            stopLinger();
            deliver();
        }

        @Override
        public void onReset(ResetReason reason) {
            gone = true;
            stopLinger();
            if (reason.clean()) {
                // The peer has sent all, and takes no more: what it sent is still to be read.
                inputEnded = true;
                deliver();
                return;
            }
            dropHeld();
            if (open) {
                if (isRegistered()) {
                    pipeline().fireExceptionCaught(new StreamResetException(reason));
                }
                unsafe().close(unsafe().voidPromise());
            }
        }

        @Override
        public void onWritable() {
            writability(true);
        }

        @Override
        public void onClosed() {
            gone = true;
            stopLinger();
            if (open && endDelivered) {
                unsafe().close(unsafe().voidPromise());
            }
        }

        private void stopLinger() {
            if (linger != null) {
                linger.stop();
            }
        }
    }

    /** As many buffers as reads are asked for, then the end. */
    private void deliver() {
        if (delivering || !isRegistered()) {
            return;
        }
        delivering = true;
        try {
            while (readWanted && open && !held.isEmpty()) {
                pass(held.remove());
            }
        } finally {
            delivering = false;
        }
        if (inputEnded && held.isEmpty() && open && !endDelivered) {
            endDelivered = true;
            end();
        }
    }

    private void pass(ByteBuf data) {
        int bytes = data.readableBytes();
        readWanted = false;
        pipeline().fireChannelRead(data);
        stream().consumed(bytes);
        pipeline().fireChannelReadComplete();
    }

    private void end() {
        if (config.isAllowHalfClosure()) {
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else {
            unsafe().close(unsafe().voidPromise());
        }
        if (gone && open) {
            unsafe().close(unsafe().voidPromise());
        }
    }

    private void dropHeld() {
        int bytes = held.drop();
        if (bytes > 0) {
            stream().consumed(bytes);
        }
    }

    @Override
    protected void doBeginRead() {
        readWanted = true;
        if (!delivering && (!held.isEmpty() || (inputEnded && !endDelivered))) {
            eventLoop().execute(this::deliver);
        }
    }

    /** Auto-read may be switched on before the registration; its first read comes with the channel's becoming active. */
    @Override
    public Channel read() {
        if (isRegistered()) {
            pipeline().read();
        }
        return this;
    }

    void stopReading() {
        readWanted = false;
    }

    // ---- what goes out

    @Override
    protected Object filterOutboundMessage(Object msg) {
        if (msg instanceof ByteBuf) {
            return msg;
        }
        throw new UnsupportedOperationException("a stream takes bytes, not " + StringUtil.simpleClassName(msg));
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        HboneStream to = stream();
        for (Object msg = in.current(); msg != null; msg = in.current()) {
            to.write(((ByteBuf) msg).retain());
            in.remove();
        }
        writability(to.isWritable() || gone);
    }

    private void writability(boolean writable) {
        ChannelOutboundBuffer buffer = unsafe().outboundBuffer();
        if (buffer != null) {
            buffer.setUserDefinedWritability(STREAM, writable);
        }
    }

    /** Bytes that were written and have not left for the tunnel. */
    public int queuedBytes() {
        return stream == null ? 0 : stream.queuedBytes();
    }

    // ---- ends

    @Override
    protected void doClose() {
        open = false;
        dropHeld();
        HboneStream over = stream;
        if (over == null || gone) {
            return;
        }
        if (config.isResetOnClose()) {
            gone = true;
            over.reset(H2Error.CONNECT_ERROR);
            return;
        }
        over.finish();
        if (!inputEnded) {
            linger = Linger.begin(over);
        }
    }

    @Override
    protected void doShutdownOutput() {
        outputEnded = true;
        stream().finish();
    }

    @Override
    public boolean isInputShutdown() {
        return endDelivered || !open;
    }

    @Override
    public boolean isOutputShutdown() {
        return outputEnded || !open;
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        ((AbstractUnsafe) unsafe()).shutdownOutput(promise);
        return promise;
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    /** HTTP/2 cannot end the peer's direction alone: what still comes is read as before. */
    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        return promise.setFailure(new UnsupportedOperationException("the input of a stream ends with the stream"));
    }

    @Override
    public ChannelFuture shutdown() {
        return close();
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        return close(promise);
    }

    // ---- what a channel has to say of itself

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && stream != null;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new NoConnect();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return stream != null && stream.eventLoop().equals(loop);
    }

    @Override
    protected SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("a stream is not bound");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    private final class NoConnect extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress to, SocketAddress from, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("a stream is connected by its tunnel"));
        }
    }
}
