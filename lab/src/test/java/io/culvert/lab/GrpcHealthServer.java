package io.culvert.lab;

import com.google.protobuf.CodedInputStream;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** A gRPC server inside a pod that says SERVING of every service. */
final class GrpcHealthServer implements AutoCloseable {
    static final byte[] SERVING = {8, 1};
    static final MethodDescriptor<byte[], byte[]> CHECK = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();

    private final GrpcInPod server;

    GrpcHealthServer(LabPod pod, int port) throws IOException {
        this.server = new GrpcInPod(pod)
                .serve(
                        port,
                        ServerServiceDefinition.builder("grpc.health.v1.Health")
                                .addMethod(CHECK, ServerCalls.asyncUnaryCall((request, answer) -> {
                                    answer.onNext(SERVING);
                                    answer.onCompleted();
                                }))
                                .build());
    }

    @Override
    public void close() {
        server.close();
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
