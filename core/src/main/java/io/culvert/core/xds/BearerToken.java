package io.culvert.core.xds;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Puts a node's token into {@code authorization: Bearer} of each call. Immutable. */
public final class BearerToken implements ClientInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final Supplier<String> token;

    private BearerToken(Supplier<String> token) {
        this.token = token;
    }

    /** {@code channel}, with the token of that moment on each call. */
    public static Channel on(Channel channel, Supplier<String> token) {
        return ClientInterceptors.intercept(channel, new BearerToken(token));
    }

    /**
     * A token that is read again for each use, because whoever wrote it may replace it.
     *
     * @return a supplier that fails with an {@link UncheckedIOException} naming the file
     */
    public static Supplier<String> file(Path file) {
        return () -> {
            try {
                return Files.readString(file).strip();
            } catch (IOException e) {
                throw new UncheckedIOException("node token " + file + " cannot be read: " + e.getMessage(), e);
            }
        };
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<R> listener, Metadata headers) {
                headers.put(AUTHORIZATION, "Bearer " + token.get());
                super.start(listener, headers);
            }
        };
    }
}
