package io.culvert.waypoint;

import io.culvert.core.mesh.Service;
import io.culvert.identity.SpiffeId;
import java.net.InetSocketAddress;

/**
 * Who sends the requests of one connection, and to which service: both are what the tunnel proved and its CONNECT named,
 * never what a header says. Immutable.
 *
 * @param identity of the pod, from the certificate of the tunnel
 * @param address the pod's address, which the tunnel's connection has too
 * @param service what the CONNECT's authority names
 * @param servicePort its port
 * @param destination the address that the client dialled
 */
public record Client(
        SpiffeId identity, InetSocketAddress address, Service service, int servicePort, InetSocketAddress destination) {
    /** The namespace of the client's service account, "" for an identity of another shape. */
    public String namespace() {
        String namespace = identity.namespace();
        return namespace == null ? "" : namespace;
    }
}
