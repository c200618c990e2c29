package io.culvert.config;

import java.util.List;

/** A ReferenceGrant: who may refer to what is in its namespace. Immutable. */
record ReferenceGrantResource(Meta meta, List<From> from, List<To> to) implements RouteResource {
    /** Resources of one kind in one namespace. */
    record From(String group, String kind, String namespace) {}

    /**
     * Resources of one kind here.
     *
     * @param name "" for all
     */
    record To(String group, String kind, String name) {}

    boolean allows(ResourceKey referrer, String group, String kind, String name) {
        Kind own = referrer.kind();
        return from.contains(new From(own.group(), own.label(), referrer.namespace()))
                && (to.contains(new To(group, kind, "")) || to.contains(new To(group, kind, name)));
    }
}
