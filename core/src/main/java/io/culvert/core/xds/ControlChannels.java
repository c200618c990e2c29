package io.culvert.core.xds;

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * Makes the channels to control planes: gRPC over epoll, on one event-loop thread of their own, with callbacks on virtual
 * threads. Owns what it opened. Any thread.
 */
public final class ControlChannels implements AutoCloseable {
    /** Room for the first response of a large mesh, as ztunnel's. */
    static final int MAX_MESSAGE_BYTES = 200 << 20;

    private final EventLoopGroup loop =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("control", true), EpollIoHandler.newFactory());
    private final ExecutorService callbacks = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("control-callback-", 0).factory());
    private final List<ManagedChannel> channels = new ArrayList<>();

    /**
     * A channel; it connects when it is used.
     *
     * @throws IllegalArgumentException when no TLS context can be made for the endpoint
     */
    public synchronized ManagedChannel open(ControlEndpoint endpoint) {
        NettyChannelBuilder builder = switch (endpoint) {
            case ControlEndpoint.Unix unix -> unix(unix);
            case ControlEndpoint.Tls tls -> tls(tls);
        };
        ManagedChannel channel = builder.eventLoopGroup(loop)
                .executor(callbacks)
                .offloadExecutor(callbacks)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, 5_000)
                .disableRetry()
                .build();
        channels.add(channel);
        return channel;
    }

    private static NettyChannelBuilder unix(ControlEndpoint.Unix endpoint) {
        return NettyChannelBuilder.forAddress(
                        new DomainSocketAddress(endpoint.path().toFile()))
                .channelType(EpollDomainSocketChannel.class)
                .overrideAuthority("localhost")
                .usePlaintext();
    }

    private static NettyChannelBuilder tls(ControlEndpoint.Tls endpoint) {
        var context = GrpcSslContexts.forClient().protocols("TLSv1.3", "TLSv1.2");
        if (endpoint.rootCertificates() != null) {
            context.trustManager(new RootCertificates(endpoint.rootCertificates()));
        }
        try {
            return NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port())
                    .channelType(EpollSocketChannel.class)
                    .withOption(ChannelOption.SO_KEEPALIVE, true)
                    .withOption(EpollChannelOption.TCP_KEEPIDLE, 300)
                    .withOption(EpollChannelOption.TCP_KEEPINTVL, 75)
                    .withOption(EpollChannelOption.TCP_KEEPCNT, 9)
                    .sslContext(context.build());
        } catch (SSLException e) {
            throw new IllegalArgumentException("no TLS context for " + endpoint + ": " + e.getMessage(), e);
        }
    }

    /** Ends all channels and the loop, at most a few seconds later. */
    @Override
    public synchronized void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        channels.clear();
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS);
        callbacks.shutdown();
    }
}
