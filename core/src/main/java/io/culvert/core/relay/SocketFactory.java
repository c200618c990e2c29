package io.culvert.core.relay;

import io.culvert.core.linux.Transport;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
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
    SocketChannel connecting(SocketProtocolFamily family);

    /** A TCP socket to listen with. */
    ServerSocketChannel listening(SocketProtocolFamily family);

    /** Sockets of the calling process's own namespace, without a mark: tests and tools. */
    static SocketFactory plain(Transport transport) {
        return new SocketFactory() {
            @Override
            public SocketChannel connecting(SocketProtocolFamily family) {
                return transport.socket(family);
            }

            @Override
            public ServerSocketChannel listening(SocketProtocolFamily family) {
                return transport.listener(family);
            }
        };
    }
}
