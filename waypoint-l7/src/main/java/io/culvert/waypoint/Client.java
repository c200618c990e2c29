package io.culvert.waypoint;

import io.culvert.core.mesh.Ip;
import io.culvert.core.route.Authorization;
import io.culvert.identity.SpiffeId;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Who sends the requests of one connection, and to what: both are what the tunnel proved and its CONNECT named,
 * never what a header says. Immutable.
 *
 * @param identity of the pod, from the certificate of the tunnel
 * @param address the pod's address, which the tunnel's connection has too
 * @param to what the CONNECT's authority names
 * @param port its port: of a service the service's, of a workload its own
 * @param destination the address that the client dialled
 */
public record Client(
        SpiffeId identity, InetSocketAddress address, Addressed to, int port, InetSocketAddress destination) {
    /** What policies look at: the same for all requests of the connection, so ask once. */
    public Authorization.Caller caller() {
        String namespace = identity.namespace();
        String account = identity.serviceAccount();
        return new Authorization.Caller(
                identity.toString().substring("spiffe://".length()),
                namespace,
                account == null ? null : namespace + "/" + account,
                identity.trustDomain().name(),
                ip(address),
                ip(destination),
                Integer.toString(port));
    }

    private static @Nullable Ip ip(InetSocketAddress address) {
        return address.getAddress() == null ? null : Ip.of(address.getAddress());
    }

    /** The namespace of the client's service account, "" for an identity of another shape. */
    public String namespace() {
        String namespace = identity.namespace();
        return namespace == null ? "" : namespace;
    }
}
