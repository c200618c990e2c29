package io.culvert.perf.load;

import io.culvert.core.linux.NetworkNamespace;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a load's sockets live: the network namespace of a pod, or this process's own. One warmed program so plays the
 * application of every pod of a comparison. Any platform thread.
 */
final class PodSockets implements AutoCloseable {
    static {
        // What the constructors initialise must not be initialised inside a pod's namespace.
        new EpollSocketChannel(SocketProtocolFamily.INET).unsafe().closeForcibly();
        new EpollServerSocketChannel(SocketProtocolFamily.INET).unsafe().closeForcibly();
    }

    private final @Nullable NetworkNamespace namespace;

    private PodSockets(@Nullable NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /** This process's own namespace. */
    static PodSockets here() {
        return new PodSockets(null);
    }

    /** The namespace behind {@code path}, or this process's own when it is "-". */
    static PodSockets at(String path) throws IOException {
        return path.equals("-") ? here() : new PodSockets(NetworkNamespace.open(Path.of(path)));
    }

    ChannelFactory<Channel> connecting() {
        return () -> make(() -> new EpollSocketChannel(SocketProtocolFamily.INET));
    }

    ChannelFactory<ServerChannel> listening() {
        return () -> make(() -> new EpollServerSocketChannel(SocketProtocolFamily.INET));
    }

    private <C> C make(Supplier<C> constructor) {
        return namespace == null ? constructor.get() : namespace.construct(constructor);
    }

    @Override
    public void close() {
        if (namespace != null) {
            namespace.close();
        }
    }
}
