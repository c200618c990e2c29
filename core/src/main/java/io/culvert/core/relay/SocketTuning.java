package io.culvert.core.relay;

import io.culvert.core.hbone.LoopBuffers;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollSocketChannelConfig;
import io.netty.channel.unix.IntegerUnixChannelOption;

/**
 * Options of every relayed socket: half-closing, no delay, keepalive, user timeout, read sizes, watermarks. Accepted
 * sockets inherit the kernel's share of them from their listener (tcp(7)), which saves six system calls for each.
 * Immutable, any thread.
 */
public final class SocketTuning {
    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_TCP = 6;
    private static final IntegerUnixChannelOption SO_KEEPALIVE =
            new IntegerUnixChannelOption("culvert.SO_KEEPALIVE", SOL_SOCKET, 9);
    private static final IntegerUnixChannelOption TCP_NODELAY =
            new IntegerUnixChannelOption("culvert.TCP_NODELAY", IPPROTO_TCP, 1);
    private static final IntegerUnixChannelOption TCP_KEEPIDLE =
            new IntegerUnixChannelOption("culvert.TCP_KEEPIDLE", IPPROTO_TCP, 4);
    private static final IntegerUnixChannelOption TCP_KEEPINTVL =
            new IntegerUnixChannelOption("culvert.TCP_KEEPINTVL", IPPROTO_TCP, 5);
    private static final IntegerUnixChannelOption TCP_KEEPCNT =
            new IntegerUnixChannelOption("culvert.TCP_KEEPCNT", IPPROTO_TCP, 6);
    private static final IntegerUnixChannelOption TCP_USER_TIMEOUT =
            new IntegerUnixChannelOption("culvert.TCP_USER_TIMEOUT", IPPROTO_TCP, 18);

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
    void connectingToApp(EpollSocketChannel channel) {
        relayed(channel.config());
        channel.config().setConnectTimeoutMillis((int) settings.connectTimeout().toMillis());
    }

    /** For a socket that will connect. Netty has set TCP_NODELAY already. */
    public void connecting(EpollSocketChannel channel) {
        EpollSocketChannelConfig config = channel.config();
        relayed(config);
        config.setConnectTimeoutMillis((int) settings.connectTimeout().toMillis());
        config.setKeepAlive(true);
        config.setOption(
                EpollChannelOption.TCP_KEEPIDLE, (int) settings.keepAliveIdle().toSeconds());
        config.setOption(EpollChannelOption.TCP_KEEPINTVL, (int)
                settings.keepAliveInterval().toSeconds());
        config.setOption(EpollChannelOption.TCP_KEEPCNT, settings.keepAliveCount());
        config.setOption(EpollChannelOption.TCP_USER_TIMEOUT, (int)
                settings.userTimeout().toMillis());
    }

    /** For a listener, on behalf of the sockets that it will accept. */
    public void listening(EpollServerSocketChannel channel) {
        var config = channel.config();
        config.setOption(TCP_NODELAY, 1);
        config.setOption(SO_KEEPALIVE, 1);
        config.setOption(TCP_KEEPIDLE, (int) settings.keepAliveIdle().toSeconds());
        config.setOption(TCP_KEEPINTVL, (int) settings.keepAliveInterval().toSeconds());
        config.setOption(TCP_KEEPCNT, settings.keepAliveCount());
        config.setOption(TCP_USER_TIMEOUT, (int) settings.userTimeout().toMillis());
    }

    /** For an accepted socket that will be relayed. */
    public void accepted(EpollSocketChannel channel) {
        relayed(channel.config());
    }

    private void relayed(EpollSocketChannelConfig config) {
        config.setAllocator(LoopBuffers.INSTANCE);
        config.setAutoRead(false);
        config.setAllowHalfClosure(true);
        config.setRecvByteBufAllocator(readSizes);
        config.setWriteBufferWaterMark(watermark);
    }
}
