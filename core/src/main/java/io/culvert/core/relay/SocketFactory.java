package io.culvert.core.relay;

import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;

/**
 * Makes sockets where they belong; everything above it knows no namespaces. Called on platform threads only (event loops
 * are), each call some 10 microseconds. The channels are neither bound nor registered: whoever asked closes them.
 */
public interface SocketFactory {
    /**
     * A TCP socket to connect with.
     *
     * @throws io.netty.channel.ChannelException when there is none to be had; {@link DialFailures#of} tells why
     */
    EpollSocketChannel connecting(SocketProtocolFamily family);

    /** A TCP socket to listen with. */
    EpollServerSocketChannel listening(SocketProtocolFamily family);

    /** Sockets of the calling process's own namespace, without a mark: tests and tools. */
    static SocketFactory plain() {
        return new SocketFactory() {
            @Override
            public EpollSocketChannel connecting(SocketProtocolFamily family) {
                return new EpollSocketChannel(family);
            }

            @Override
            public EpollServerSocketChannel listening(SocketProtocolFamily family) {
                return new EpollServerSocketChannel(family);
            }
        };
    }
}
