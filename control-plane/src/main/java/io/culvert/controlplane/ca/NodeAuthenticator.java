package io.culvert.controlplane.ca;

import org.jspecify.annotations.Nullable;

/** Says which node a bearer token belongs to. Any thread. */
@FunctionalInterface
public interface NodeAuthenticator {
    /** The node's name, or null when the token is nobody's. */
    @Nullable
    String node(String bearerToken);
}
