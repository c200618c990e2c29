package io.culvert.config;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** ReferenceGrants by the namespace in which they are. Owned by: the compiler's thread. */
final class Grants {
    /** That the grants of a namespace are as they are. */
    private record In(String namespace) {}

    private final MultiMap<String, ReferenceGrantResource> byNamespace = new MultiMap<>();

    void change(
            @Nullable ReferenceGrantResource before, @Nullable ReferenceGrantResource after, Consumer<Object> touch) {
        if (before != null) {
            byNamespace.remove(before.meta().namespace(), before);
            touch.accept(new In(before.meta().namespace()));
        }
        if (after != null) {
            byNamespace.add(after.meta().namespace(), after);
            touch.accept(new In(after.meta().namespace()));
        }
    }

    /** Whether a route of another namespace may name this backend. */
    boolean allow(ResourceKey route, BackendRef ref, Scope scope) {
        scope.reads(new In(ref.namespace()));
        for (ReferenceGrantResource grant : byNamespace.get(ref.namespace())) {
            if (grant.allows(route, ref.group(), ref.kind(), ref.name())) {
                return true;
            }
        }
        return false;
    }
}
