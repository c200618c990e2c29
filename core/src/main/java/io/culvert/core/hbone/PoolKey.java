package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;

/**
 * What makes two app connections able to share a tunnel. Immutable.
 *
 * @param local the identity that the tunnel presents
 * @param expected the identities that the peer may have, any one of them; never empty
 * @param destination where the tunnel connects to, with a resolved address
 * @param source the pod whose network namespace the tunnel leaves from
 */
public record PoolKey(SpiffeId local, Set<SpiffeId> expected, InetSocketAddress destination, InetAddress source) {
    public PoolKey {
        expected = Set.copyOf(expected);
        if (expected.isEmpty()) {
            throw new IllegalArgumentException("a tunnel to " + destination + " without an expected identity");
        }
        if (destination.isUnresolved()) {
            throw new IllegalArgumentException("unresolved tunnel destination " + destination);
        }
    }
}
