package io.culvert.core.relay;

import io.culvert.core.hbone.LoopBuffers;
import io.culvert.core.linux.TcpOptions;
import io.netty.channel.ChannelConfig;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;

/**
 * Options of every relayed socket: half-closing, no delay, keepalive, user timeout, read sizes, watermarks. Accepted
 * sockets inherit the kernel's share of them from their listener (tcp(7)), which saves six system calls for each.
 * Immutable, any thread.
 */
public final class SocketTuning {
    private final RelaySettings settings;
    private final ReadSizes readSizes;
    private final WriteBufferWaterMark watermark;

    /** @param agent the budget that makes reads small when it runs short */
    public SocketTuning(RelaySettings settings, ByteBudget agent) {
        this.settings = settings;
        this.readSizes = new ReadSizes(settings, agent);
        this.watermark = new WriteBufferWaterMark(settings.lowWatermark(), settings.highWatermark());
    }

    /** For a socket that will connect to an app of its own namespace: a peer that cannot vanish needs no keepalive. */
    void connectingToApp(SocketChannel channel) {
        relayed(channel.config());
        channel.config().setConnectTimeoutMillis((int) settings.connectTimeout().toMillis());
    }

    /** For a socket that will connect. Netty has set TCP_NODELAY already. */
    public void connecting(SocketChannel channel) {
        SocketChannelConfig config = channel.config();
        relayed(config);
        config.setConnectTimeoutMillis((int) settings.connectTimeout().toMillis());
        keepAlive(config);
    }

    /** For a listener, on behalf of the sockets that it will accept. */
    public void listening(ServerSocketChannel channel) {
        var config = channel.config();
        config.setOption(TcpOptions.NODELAY, 1);
        keepAlive(config);
    }

    /** For an accepted socket that will be relayed. */
    public void accepted(SocketChannel channel) {
        relayed(channel.config());
    }

    private void keepAlive(ChannelConfig config) {
        config.setOption(TcpOptions.KEEPALIVE, 1);
        config.setOption(TcpOptions.KEEPIDLE, (int) settings.keepAliveIdle().toSeconds());
        config.setOption(
                TcpOptions.KEEPINTVL, (int) settings.keepAliveInterval().toSeconds());
        config.setOption(TcpOptions.KEEPCNT, settings.keepAliveCount());
        config.setOption(TcpOptions.USER_TIMEOUT, (int) settings.userTimeout().toMillis());
    }

    private void relayed(SocketChannelConfig config) {
        config.setAllocator(LoopBuffers.INSTANCE);
        config.setAutoRead(false);
        config.setAllowHalfClosure(true);
        config.setRecvByteBufAllocator(readSizes);
        config.setWriteBufferWaterMark(watermark);
    }
}
