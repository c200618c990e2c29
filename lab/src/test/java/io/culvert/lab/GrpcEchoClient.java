package io.culvert.lab;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A client of {@link GrpcEcho} inside a pod; one connection. */
final class GrpcEchoClient implements AutoCloseable {
    private final GrpcInPod pod;
    private final ManagedChannel channel;

    GrpcEchoClient(LabPod pod, String authority, String address, int port) throws IOException {
        this.pod = new GrpcInPod(pod);
        this.channel = this.pod.connect(authority, address, port);
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
    public void close() {
        pod.close();
    }
}
