package io.culvert.config;

/** What PeerAuthentication and AuthorizationPolicy have in common. */
sealed interface PolicyResource extends Resource permits PeerAuthenticationResource, AuthorizationPolicyResource {
    /** Which pods of its namespace (of the mesh, in the root namespace) it is for; an empty one is for all. */
    Selector selector();

    /** Whether it stands in for a faulty one and denies everything to what it selects. */
    boolean refused();
}
