package io.culvert.core.relay;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.core.linux.Transport;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;

/** Sockets in a pod's network namespace, marked as the proxy's so that the redirect leaves them alone. Any thread. */
public final class NamespaceSockets implements SocketFactory {
    private final NetworkNamespace namespace;
    private final Transport transport;

    /** The namespace stays the caller's, who closes it when no more sockets are wanted. */
    public NamespaceSockets(NetworkNamespace namespace, Transport transport) {
        this.namespace = namespace;
        this.transport = transport;
        // Everything that the constructors initialise, before a thread does it inside a pod's namespace.
        transport.initialise();
    }

    @Override
    public SocketChannel connecting(SocketProtocolFamily family) {
        SocketChannel channel = namespace.construct(() -> transport.socket(family));
        channel.config().setOption(MeshSockets.SO_MARK, MeshSockets.PROXY_MARK);
        return channel;
    }

    @Override
    public ServerSocketChannel listening(SocketProtocolFamily family) {
        ServerSocketChannel channel = namespace.construct(() -> transport.listener(family));
        channel.config().setOption(MeshSockets.SO_MARK, MeshSockets.PROXY_MARK);
        return channel;
    }
}
