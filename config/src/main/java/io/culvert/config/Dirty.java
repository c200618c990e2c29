package io.culvert.config;

import java.util.LinkedHashSet;
import java.util.Set;

/** What has to be compiled again. Owned by: the compiler's thread. */
record Dirty(Set<ResourceKey> pods, Set<ResourceKey> services, Set<ResourceKey> slices, Set<ResourceKey> policies) {
    Dirty() {
        this(new LinkedHashSet<>(), new LinkedHashSet<>(), new LinkedHashSet<>(), new LinkedHashSet<>());
    }

    void clear() {
        pods.clear();
        services.clear();
        slices.clear();
        policies.clear();
    }
}
