package io.culvert.core.linux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Marks, ports and socket options that the redirect rules and the proxy share; the values are Istio's. Any thread. */
public final class MeshSockets {
    /** Outbound capture, in the pod's namespace. */
    public static final int OUTBOUND_PORT = 15001;
    /** Inbound plaintext capture, in the pod's namespace. */
    public static final int INBOUND_PLAIN_PORT = 15006;
    /** HBONE, in the pod's namespace. */
    public static final int HBONE_PORT = 15008;
    /** DNS capture; modelled, refused until there is a DNS proxy. */
    public static final int DNS_PORT = 15053;

    /** Mark of every socket that the proxy makes in a pod's namespace, so that it is not captured again. */
    public static final int PROXY_MARK = 0x539;
    /** Connection mark of flows from the proxy to the app with the client's source address. */
    public static final int APP_CONNMARK = 0x111;
    /** Only these bits of a mark are compared. */
    public static final int MARK_MASK = 0xfff;

    /** SO_MARK; needs CAP_NET_ADMIN or (since Linux 5.17) CAP_NET_RAW. */
    public static final ChannelOption<Integer> SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);
    /** IPV6_TRANSPARENT; Netty has only the IPv4 one. */
    public static final ChannelOption<Integer> IPV6_TRANSPARENT =
            new IntegerUnixChannelOption("IPV6_TRANSPARENT", 41, 75);
    /** IP_BIND_ADDRESS_NO_PORT: choose the source port at connect, by 4-tuple. */
    public static final ChannelOption<Integer> IP_BIND_ADDRESS_NO_PORT =
            new IntegerUnixChannelOption("IP_BIND_ADDRESS_NO_PORT", 0, 24);

    private static final RawUnixChannelOption ORIGINAL_DST_V4 = new RawUnixChannelOption("SO_ORIGINAL_DST", 0, 80, 16);
    private static final RawUnixChannelOption ORIGINAL_DST_V6 =
            new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", 41, 80, 28);

    private MeshSockets() {}

    /**
     * Where a redirected connection wanted to go (SO_ORIGINAL_DST of the connection's conntrack entry): IPv4 first, as
     * it also answers for IPv4-mapped peers of IPv6 sockets, then IPv6.
     *
     * @return the original destination, or the socket's own address when the connection was not redirected
     */
    public static InetSocketAddress originalDestination(Channel accepted) {
        InetSocketAddress local = (InetSocketAddress) accepted.localAddress();
        byte[] address = new byte[16];
        ByteBuffer v4 = read(accepted, ORIGINAL_DST_V4, 16);
        if (v4 != null) {
            byte[] four = new byte[4];
            v4.get(4, four);
            return socketAddress(four, v4.getShort(2) & 0xffff);
        }
        ByteBuffer v6 = read(accepted, ORIGINAL_DST_V6, 28);
        if (v6 != null) {
            v6.get(8, address);
            return socketAddress(address, v6.getShort(2) & 0xffff);
        }
        return local;
    }

    private static @org.jspecify.annotations.Nullable ByteBuffer read(
            Channel channel, RawUnixChannelOption option, int length) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        try {
            ByteBuffer value = channel.config().getOption(option);
            if (value == null || value.remaining() < length) {
                return null;
            }
            ByteBuf copy = Unpooled.wrappedBuffer(value);
            copy.getBytes(copy.readerIndex(), buffer);
            return buffer.flip();
        } catch (ChannelException e) {
            // ENOENT or EOPNOTSUPP: not of this family, or not redirected.
            return null;
        }
    }

    private static InetSocketAddress socketAddress(byte[] address, int port) {
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), port);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 bytes are always an address", e);
        }
    }
}
