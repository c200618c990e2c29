package io.culvert.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.TreeSet;

/** A gRPC server inside a pod that says which pod it is, and which fields that begin with lab- it got, in order of name. */
final class GrpcEcho implements AutoCloseable {
    static final MethodDescriptor<String, String> ECHO = MethodDescriptor.<String, String>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("lab.Echo/Echo")
            .setRequestMarshaller(new Text())
            .setResponseMarshaller(new Text())
            .build();

    private final GrpcInPod server;

    GrpcEcho(LabPod pod, int port) throws IOException {
        this.server = new GrpcInPod(pod)
                .serve(
                        port,
                        ServerServiceDefinition.builder("lab.Echo")
                                .addMethod(ECHO, (call, fields) -> answer(pod.name(), call, fields))
                                .build());
    }

    private static ServerCall.Listener<String> answer(String pod, ServerCall<String, String> call, Metadata fields) {
        StringBuilder text = new StringBuilder("pod: " + pod);
        for (String name : new TreeSet<>(fields.keys())) {
            Iterable<String> values = fields.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
            if (name.startsWith("lab-") && values != null) {
                values.forEach(
                        value -> text.append(", ").append(name).append(": ").append(value));
            }
        }
        call.request(1);
        return new ServerCall.Listener<>() {
            @Override
            public void onHalfClose() {
                call.sendHeaders(new Metadata());
                call.sendMessage(text.toString());
                call.close(Status.OK, new Metadata());
            }
        };
    }

    @Override
    public void close() {
        server.close();
    }

    private static final class Text implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
