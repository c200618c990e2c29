package io.culvert.controlplane;

import io.culvert.controlplane.ca.ServingCertificate;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
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
     * @return the port
     */
    int listen(ControllerSettings.Listener listener, ServingCertificate certificate) throws IOException {
        InetSocketAddress address = new InetSocketAddress(listener.host(), listener.port());
        if (address.isUnresolved()) {
            throw new IOException("--listen: host " + listener.host() + " has no address on this machine");
        }
        Server server = configure(NettyServerBuilder.forAddress(address)
                        .channelType(EpollServerSocketChannel.class)
                        .sslContext(tls(certificate)))
                .build();
        try {
            servers.add(server.start());
        } catch (IOException e) {
            throw new IOException("cannot listen on " + address + ": " + rootMessage(e), e);
        }
        return server.getPort();
    }

    private static SslContext tls(ServingCertificate certificate) throws SSLException {
        return GrpcSslContexts.configure(SslContextBuilder.forServer(
                        certificate.key(), certificate.chain().toArray(X509Certificate[]::new)))
                .protocols("TLSv1.3", "TLSv1.2")
                .build();
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

    @Override
    public void close() {
        servers.forEach(Server::shutdownNow);
        servers.clear();
        if (socketFile != null) {
            socketFile.remove();
        }
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS);
        handlers.shutdown();
    }
}
