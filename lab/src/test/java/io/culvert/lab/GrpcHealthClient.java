package io.culvert.lab;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** A client of {@link GrpcHealthServer} inside a pod, by gRPC's own library; one connection. */
final class GrpcHealthClient implements AutoCloseable {
    private final GrpcInPod pod;
    private final ManagedChannel channel;

    GrpcHealthClient(LabPod pod, String authority, String address, int port) throws IOException {
        this.pod = new GrpcInPod(pod);
        this.channel = this.pod.connect(authority, address, port);
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
    public void close() {
        pod.close();
    }
}
