package io.culvert.lab;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.culvert.core.linux.NetworkNamespace;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The gRPC health protocol (grpc.health.v1), as kubelet's gRPC probes speak it: a connection for each call. */
final class GrpcHealth implements AutoCloseable {
    private static final int SERVING = 1;

    private static final MethodDescriptor<String, Integer> CHECK = MethodDescriptor.<String, Integer>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .setRequestMarshaller(new ServiceName())
            .setResponseMarshaller(new ServingStatus())
            .build();

    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("probe", true), NioIoHandler.newFactory());
    private final ExecutorService calls = Executors.newCachedThreadPool(new DefaultThreadFactory("probe-call", true));

    /** Asks for the health of {@code service}; sockets are made in {@code namespace}. */
    ProbeRunner.Outcome check(
            NetworkNamespace namespace, InetAddress address, int port, String service, Duration timeout) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(new InetSocketAddress(address, port))
                .usePlaintext()
                .disableRetry()
                .proxyDetector(target -> null)
                .userAgent("kube-probe/1.34")
                .eventLoopGroup(loops)
                .channelFactory(() -> namespace.construct(NioSocketChannel::new))
                .executor(calls)
                .offloadExecutor(calls)
                .build();
        try {
            int status = ClientCalls.blockingUnaryCall(
                    channel,
                    CHECK,
                    CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS),
                    service);
            return new ProbeRunner.Outcome(status == SERVING, "serving status " + status);
        } catch (StatusRuntimeException e) {
            return new ProbeRunner.Outcome(false, e.getStatus().toString());
        } finally {
            channel.shutdownNow();
        }
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // daemon threads: nobody waits for them
    public void close() {
        calls.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** HealthCheckRequest: its only field is the name of the service. */
    private static final class ServiceName implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String service) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try {
                CodedOutputStream out = CodedOutputStream.newInstance(bytes);
                if (!service.isEmpty()) {
                    out.writeString(1, service);
                }
                out.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new ByteArrayInputStream(bytes.toByteArray());
        }

        @Override
        public String parse(InputStream stream) {
            throw new UnsupportedOperationException("only requests are written");
        }
    }

    /** HealthCheckResponse: its only field is the status; 0 (unknown) when it is not there. */
    private static final class ServingStatus implements MethodDescriptor.Marshaller<Integer> {
        @Override
        public InputStream stream(Integer status) {
            throw new UnsupportedOperationException("only responses are read");
        }

        @Override
        public Integer parse(InputStream stream) {
            try {
                CodedInputStream in = CodedInputStream.newInstance(stream);
                int status = 0;
                for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                    if (WireFormat.getTagFieldNumber(tag) == 1) {
                        status = in.readEnum();
                    } else {
                        in.skipField(tag);
                    }
                }
                return status;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
