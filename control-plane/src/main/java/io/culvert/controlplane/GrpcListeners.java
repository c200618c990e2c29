package io.culvert.controlplane;

import io.culvert.controlplane.ca.ServingCertificate;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The controller's gRPC listeners: the same services on a Unix socket and on TCP with TLS. Owned by: the controller. */
final class GrpcListeners implements AutoCloseable {
    /** Room for the versions of a large mesh in a client's first request. */
    private static final int MAX_REQUEST_BYTES = 64 << 20;

    private final List<BindableService> services;
    private final ServerInterceptor interceptor;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("controller", true), EpollIoHandler.newFactory());
    private final ExecutorService handlers = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("controller-call-", 0).factory());
    private final List<Server> servers = new ArrayList<>();
    private @Nullable UnixSocketFile socketFile;

    GrpcListeners(List<BindableService> services, ServerInterceptor interceptor) {
        this.services = services;
        this.interceptor = interceptor;
    }

    /** Serves on a Unix socket that user and group may use (0660). A socket that nobody serves any more is replaced. */
    void listen(Path path) throws IOException {
        UnixSocketFile file = UnixSocketFile.prepare(path);
        Server server = configure(NettyServerBuilder.forAddress(
                                new DomainSocketAddress(file.binding().toFile()))
                        .channelType(EpollServerDomainSocketChannel.class))
                .build();
        servers.add(server.start());
        Files.setPosixFilePermissions(file.binding(), PosixFilePermissions.fromString("rw-rw----"));
        file.publish();
        socketFile = file;
    }

    /**
     * Serves on TCP with TLS.
     *
     * @param certificates makes a new certificate with a new key at each call; every day one is taken into use
     * @return the port
     */
    int listen(ControllerSettings.Listener listener, Supplier<ServingCertificate> certificates) throws IOException {
        InetSocketAddress address = new InetSocketAddress(listener.host(), listener.port());
        if (address.isUnresolved()) {
            throw new IOException("--listen: host " + listener.host() + " has no address on this machine");
        }
        ServingTls tls = new ServingTls(certificates);
        Server server = configure(NettyServerBuilder.forAddress(address)
                        .channelType(EpollServerSocketChannel.class)
                        .sslContext(tls.context()))
                .build();
        try {
            servers.add(server.start());
        } catch (IOException e) {
            throw new IOException("cannot listen on " + address + ": " + rootMessage(e), e);
        }
        var _ = loop.scheduleAtFixedRate(tls::renew, 1, 1, TimeUnit.DAYS);
        return server.getPort();
    }

    private NettyServerBuilder configure(NettyServerBuilder builder) {
        services.forEach(builder::addService);
        return builder.bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .executor(handlers)
                .intercept(interceptor)
                .maxInboundMessageSize(MAX_REQUEST_BYTES)
                // Clients ping every 30 s or so; gRPC's default takes that for an attack.
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(20, TimeUnit.SECONDS);
    }

    static String rootMessage(Throwable t) {
        Throwable cause = t;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    /** What still runs needs the threads that are ended next. */
    private static void awaitEnd(Server server) {
        try {
            server.awaitTermination(2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        servers.forEach(Server::shutdownNow);
        servers.forEach(GrpcListeners::awaitEnd);
        servers.clear();
        if (socketFile != null) {
            socketFile.remove();
        }
        var _ = loop.shutdownGracefully(0, 2, TimeUnit.SECONDS);
        handlers.shutdown();
    }
}
