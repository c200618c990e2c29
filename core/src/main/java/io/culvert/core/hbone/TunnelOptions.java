package io.culvert.core.hbone;

import io.culvert.core.linux.TcpOptions;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import java.time.Duration;

/**
 * Socket options of tunnels. They are set one by one, since a transport that does not know one of them is none the worse
 * for it.
 */
final class TunnelOptions {
    /** Dead peers: idle and interval seconds and probes, as ztunnel has them. */
    private static final int KEEPALIVE_SECONDS = 180;

    private static final int KEEPALIVE_PROBES = 9;

    /** Unacknowledged data for so long means that the peer is gone: as long as a PING may take. */
    private static final int USER_TIMEOUT_MILLIS = 20_000;

    /** Keeps the decision who sends next in the proxy instead of in the kernel's send queue. */
    private static final int NOTSENT_LOWAT = 128 << 10;

    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 << 10, 256 << 10);

    private static final int MAX_READ = 256 << 10;

    private TunnelOptions() {}

    static void apply(Channel channel, Duration connectTimeout) {
        ChannelConfig config = channel.config();
        config.setOption(ChannelOption.TCP_NODELAY, true);
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
        config.setOption(TcpOptions.KEEPIDLE, KEEPALIVE_SECONDS);
        config.setOption(TcpOptions.KEEPINTVL, KEEPALIVE_SECONDS);
        config.setOption(TcpOptions.KEEPCNT, KEEPALIVE_PROBES);
        config.setOption(TcpOptions.USER_TIMEOUT, USER_TIMEOUT_MILLIS);
        config.setOption(TcpOptions.NOTSENT_LOWAT, NOTSENT_LOWAT);
        config.setConnectTimeoutMillis((int) connectTimeout.toMillis());
        config.setAllocator(LoopBuffers.INSTANCE);
        config.setWriteBufferWaterMark(WATER_MARK);
        config.setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator(1024, 16 << 10, MAX_READ));
        config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        config.setAutoRead(true);
    }
}
