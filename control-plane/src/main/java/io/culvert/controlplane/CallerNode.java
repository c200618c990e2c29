package io.culvert.controlplane;

import io.culvert.controlplane.ca.NodeAuthenticator;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Finds out by its bearer token which node a caller is, and puts that into the call's context. Any thread. */
final class CallerNode implements ServerInterceptor {
    private static final Context.Key<Caller> CALLER = Context.key("culvert-caller");
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String BEARER = "Bearer ";

    private final NodeAuthenticator authenticator;

    CallerNode(NodeAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    /**
     * Who calls.
     *
     * @param node the proved node; null when no token proves one
     * @param local whether the call came over the Unix socket, whose file rights were checked by the kernel
     * @param peer for people
     */
    record Caller(@Nullable String node, boolean local, String peer) {
        private static final Caller NOBODY = new Caller(null, false, "unknown");
    }

    /** The caller of the current call. */
    static Caller current() {
        Caller caller = CALLER.get();
        return caller == null ? Caller.NOBODY : caller;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        String header = headers.get(AUTHORIZATION);
        String node = header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? authenticator.node(header.substring(BEARER.length()).strip())
                : null;
        SocketAddress address = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        boolean local = address instanceof DomainSocketAddress;
        Caller caller = new Caller(node, local, local || address == null ? "unix" : address.toString());
        return Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
    }
}
