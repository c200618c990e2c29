package io.culvert.core.relay;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NetworkNamespace;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;

/** Sockets in a pod's network namespace, marked as the proxy's so that the redirect leaves them alone. Any thread. */
public final class NamespaceSockets implements SocketFactory {
    private final NetworkNamespace namespace;

    static {
        // Everything that the constructors initialise, before a thread does it inside a pod's namespace.
        new EpollSocketChannel(SocketProtocolFamily.INET).unsafe().closeForcibly();
        new EpollServerSocketChannel(SocketProtocolFamily.INET).unsafe().closeForcibly();
    }

    /** The namespace stays the caller's, who closes it when no more sockets are wanted. */
    public NamespaceSockets(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    @Override
    public EpollSocketChannel connecting(SocketProtocolFamily family) {
        EpollSocketChannel channel = namespace.construct(() -> new EpollSocketChannel(family));
        channel.config().setOption(MeshSockets.SO_MARK, MeshSockets.PROXY_MARK);
        return channel;
    }

    @Override
    public EpollServerSocketChannel listening(SocketProtocolFamily family) {
        EpollServerSocketChannel channel = namespace.construct(() -> new EpollServerSocketChannel(family));
        channel.config().setOption(MeshSockets.SO_MARK, MeshSockets.PROXY_MARK);
        return channel;
    }
}
