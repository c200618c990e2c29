package io.culvert.core.linux;

import io.netty.channel.ChannelOption;
import io.netty.channel.unix.IntegerUnixChannelOption;

/**
 * Socket options by the kernel's numbers, which channels of every {@link Transport} take, on connecting, listening and
 * accepted sockets alike. Switches are 0 or 1. Immutable.
 */
public final class TcpOptions {
    private static final int IPPROTO_IP = 0;
    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_TCP = 6;

    /** Whether a silent peer is probed. */
    public static final ChannelOption<Integer> KEEPALIVE = option("SO_KEEPALIVE", SOL_SOCKET, 9);
    /** Whether several sockets may listen on one port. */
    public static final ChannelOption<Integer> REUSE_PORT = option("SO_REUSEPORT", SOL_SOCKET, 15);
    /** Whether IPv4 addresses that are not the host's may be bound and accepted; needs CAP_NET_ADMIN. */
    public static final ChannelOption<Integer> TRANSPARENT = option("IP_TRANSPARENT", IPPROTO_IP, 19);
    /** Whether small segments are sent at once. */
    public static final ChannelOption<Integer> NODELAY = option("TCP_NODELAY", IPPROTO_TCP, 1);
    /** Seconds of silence before the first probe. */
    public static final ChannelOption<Integer> KEEPIDLE = option("TCP_KEEPIDLE", IPPROTO_TCP, 4);
    /** Seconds between probes. */
    public static final ChannelOption<Integer> KEEPINTVL = option("TCP_KEEPINTVL", IPPROTO_TCP, 5);
    /** Probes without an answer that end a connection. */
    public static final ChannelOption<Integer> KEEPCNT = option("TCP_KEEPCNT", IPPROTO_TCP, 6);
    /** Milliseconds that sent bytes may wait for an acknowledgement. */
    public static final ChannelOption<Integer> USER_TIMEOUT = option("TCP_USER_TIMEOUT", IPPROTO_TCP, 18);
    /** Unsent bytes above which a socket takes no more. */
    public static final ChannelOption<Integer> NOTSENT_LOWAT = option("TCP_NOTSENT_LOWAT", IPPROTO_TCP, 25);

    private TcpOptions() {}

    private static ChannelOption<Integer> option(String name, int level, int number) {
        return new IntegerUnixChannelOption("culvert." + name, level, number);
    }
}
