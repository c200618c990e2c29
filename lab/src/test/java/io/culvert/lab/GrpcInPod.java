package io.culvert.lab;

import io.culvert.core.linux.NetworkNamespace;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** gRPC's own library with sockets inside a pod, in plaintext as an app would. Closes what it made. */
final class GrpcInPod implements AutoCloseable {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final NetworkNamespace namespace;
    private Runnable end = () -> {};

    GrpcInPod(LabPod pod) throws IOException {
        this.namespace = NetworkNamespace.open(pod.networkNamespace());
    }

    /** Serves on every address of the pod, once. */
    GrpcInPod serve(int port, ServerServiceDefinition service) throws IOException {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress("::", port))
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelFactory(() -> namespace.construct(NioServerSocketChannel::new))
                .addService(service)
                .build()
                .start();
        end = server::shutdownNow;
        return this;
    }

    /** One connection, once. */
    ManagedChannel connect(String authority, String address, int port) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(new InetSocketAddress(address, port))
                .overrideAuthority(authority)
                .usePlaintext()
                .eventLoopGroup(loops)
                .channelFactory(() -> namespace.construct(NioSocketChannel::new))
                .build();
        end = channel::shutdownNow;
        return channel;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the loops end after what runs on them
    public void close() {
        end.run();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        namespace.close();
    }
}
