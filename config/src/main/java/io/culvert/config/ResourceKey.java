package io.culvert.config;

import java.util.Comparator;

/** Names one resource; {@code namespace} is "" for cluster-wide kinds. Immutable. */
record ResourceKey(Kind kind, String namespace, String name) implements Comparable<ResourceKey> {
    private static final Comparator<ResourceKey> ORDER = Comparator.comparing(ResourceKey::kind)
            .thenComparing(ResourceKey::namespace)
            .thenComparing(ResourceKey::name);

    @Override
    public int compareTo(ResourceKey other) {
        return ORDER.compare(this, other);
    }

    /** {@code namespace/name}, or the name alone for cluster-wide kinds. */
    String path() {
        return namespace.isEmpty() ? name : namespace + "/" + name;
    }

    /** {@code Kind namespace/name}. */
    @Override
    public String toString() {
        return kind.label() + " " + path();
    }
}
