package io.culvert.lab;

import com.google.protobuf.CodedInputStream;
import io.culvert.core.linux.NetworkNamespace;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** A gRPC server inside a pod that says SERVING of every service. */
final class GrpcHealthServer implements AutoCloseable {
    static final byte[] SERVING = {8, 1};
    static final MethodDescriptor<byte[], byte[]> CHECK = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final NetworkNamespace namespace;
    private final Server server;

    GrpcHealthServer(LabPod pod, int port) throws IOException {
        this.namespace = NetworkNamespace.open(pod.networkNamespace());
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress("::", port))
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelFactory(() -> namespace.construct(NioServerSocketChannel::new))
                .addService(ServerServiceDefinition.builder("grpc.health.v1.Health")
                        .addMethod(CHECK, ServerCalls.asyncUnaryCall((request, answer) -> {
                            answer.onNext(SERVING);
                            answer.onCompleted();
                        }))
                        .build())
                .build()
                .start();
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the loops end after the server
    public void close() {
        server.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        namespace.close();
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return CodedInputStream.newInstance(stream).readRawBytes(stream.available());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
