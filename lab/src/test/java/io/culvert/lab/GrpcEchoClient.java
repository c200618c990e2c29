package io.culvert.lab;

import io.culvert.core.linux.NetworkNamespace;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A client of {@link GrpcEcho} inside a pod; one connection. */
final class GrpcEchoClient implements AutoCloseable {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final NetworkNamespace namespace;
    private final ManagedChannel channel;

    GrpcEchoClient(LabPod pod, String authority, String address, int port) throws IOException {
        this.namespace = NetworkNamespace.open(pod.networkNamespace());
        this.channel = NettyChannelBuilder.forAddress(new InetSocketAddress(address, port))
                .overrideAuthority(authority)
                .usePlaintext()
                .eventLoopGroup(loops)
                .channelFactory(() -> namespace.construct(NioSocketChannel::new))
                .build();
    }

    /** What the server says to a call with these fields, or the status that it ends with. */
    String call(Map<String, String> fields) {
        Metadata metadata = new Metadata();
        fields.forEach((name, value) -> metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
        try {
            return ClientCalls.blockingUnaryCall(
                    ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata)),
                    GrpcEcho.ECHO,
                    CallOptions.DEFAULT.withDeadlineAfter(5, TimeUnit.SECONDS),
                    "");
        } catch (StatusRuntimeException e) {
            return e.getStatus().toString();
        }
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the loops end after the channel
    public void close() {
        channel.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        namespace.close();
    }
}
