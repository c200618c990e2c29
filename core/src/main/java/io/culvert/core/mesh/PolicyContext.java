package io.culvert.core.mesh;

import io.culvert.identity.SpiffeId;
import org.jspecify.annotations.Nullable;

/** What policies see of one connection. Make one per connection and keep it for re-checks. Immutable. */
public final class PolicyContext {
    private static final String SCHEME = "spiffe://";

    private final @Nullable SpiffeId source;
    private final Ip sourceIp;
    private final Ip destinationIp;
    private final int destinationPort;
    private final String principal;
    private final String namespace;
    private final String serviceAccount;

    /**
     * @param source the peer's proved identity; null for a plaintext peer, whatever its address
     * @param destinationPort the port on the destination workload, not a service port
     */
    public PolicyContext(@Nullable SpiffeId source, Ip sourceIp, Ip destinationIp, int destinationPort) {
        this.source = source;
        this.sourceIp = sourceIp;
        this.destinationIp = destinationIp;
        this.destinationPort = destinationPort;
        String uri = source == null ? "" : source.toString();
        principal = uri.startsWith(SCHEME) ? uri.substring(SCHEME.length()) : uri;
        namespace = orEmpty(source == null ? null : source.namespace());
        serviceAccount = orEmpty(source == null ? null : source.serviceAccount());
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    /** The peer's proved identity, null for plaintext. */
    public @Nullable SpiffeId source() {
        return source;
    }

    /** The client's address. */
    public Ip sourceIp() {
        return sourceIp;
    }

    /** The destination workload's address. */
    public Ip destinationIp() {
        return destinationIp;
    }

    /** The port on the destination workload. */
    public int destinationPort() {
        return destinationPort;
    }

    /** The identity without its scheme, "" for plaintext. */
    String principal() {
        return principal;
    }

    /** Namespace of the identity, "" for plaintext. */
    String namespace() {
        return namespace;
    }

    /** Service account of the identity, "" for plaintext. */
    String serviceAccount() {
        return serviceAccount;
    }

    @Override
    public String toString() {
        return (source == null ? "plaintext" : source) + " from " + sourceIp + " to " + destinationIp + ":"
                + destinationPort;
    }
}
