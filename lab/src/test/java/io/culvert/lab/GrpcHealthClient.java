package io.culvert.lab;

import io.culvert.core.linux.NetworkNamespace;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** A client of {@link GrpcHealthServer} inside a pod, by gRPC's own library; one connection. */
final class GrpcHealthClient implements AutoCloseable {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final NetworkNamespace namespace;
    private final ManagedChannel channel;

    GrpcHealthClient(LabPod pod, String authority, String address, int port) throws IOException {
        this.namespace = NetworkNamespace.open(pod.networkNamespace());
        this.channel = NettyChannelBuilder.forAddress(new InetSocketAddress(address, port))
                .overrideAuthority(authority)
                .usePlaintext()
                .eventLoopGroup(loops)
                .channelFactory(() -> namespace.construct(NioSocketChannel::new))
                .build();
    }

    /** The status that a call ends with; OK only with the server's answer. */
    String status() {
        try {
            byte[] answer = ClientCalls.blockingUnaryCall(
                    channel,
                    GrpcHealthServer.CHECK,
                    CallOptions.DEFAULT.withDeadlineAfter(5, TimeUnit.SECONDS),
                    new byte[0]);
            return Arrays.equals(answer, GrpcHealthServer.SERVING) ? "OK" : "an answer of " + answer.length + " bytes";
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode().name();
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
