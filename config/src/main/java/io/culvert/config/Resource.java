package io.culvert.config;

/** A resource that was read and found good: only the fields that matter. Immutable. */
sealed interface Resource
        permits DeploymentResource,
                EndpointSliceResource,
                NamespaceResource,
                NetworkPolicyResource,
                NodeResource,
                PodResource,
                PolicyResource,
                RouteResource,
                ServiceAccountResource,
                ServiceResource {
    Meta meta();

    default ResourceKey key() {
        return meta().key();
    }
}
