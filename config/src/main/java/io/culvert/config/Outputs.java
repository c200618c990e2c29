package io.culvert.config;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What everything compiled to, and what of it changed since it was last asked. Owned by: the compiler's thread.
 *
 * @param <T> what comes out; compared by equals
 */
final class Outputs<T> {
    private final Map<ResourceKey, Map<String, T>> byOwner = new HashMap<>();
    private final Map<String, T> changed = new LinkedHashMap<>();
    private final Set<String> removed = new HashSet<>();

    /** Replaces what a resource compiled to. Two resources never compile to the same name. */
    void put(ResourceKey owner, Map<String, T> outputs) {
        Map<String, T> before = outputs.isEmpty() ? byOwner.remove(owner) : byOwner.put(owner, outputs);
        if (before != null) {
            for (String name : before.keySet()) {
                if (!outputs.containsKey(name)) {
                    changed.remove(name);
                    removed.add(name);
                }
            }
        }
        outputs.forEach((name, output) -> {
            if (before == null || !output.equals(before.get(name))) {
                changed.put(name, output);
                removed.remove(name);
            }
        });
    }

    Map<String, T> takeChanged() {
        Map<String, T> taken = new LinkedHashMap<>(changed);
        changed.clear();
        return taken;
    }

    Set<String> takeRemoved() {
        Set<String> taken = new HashSet<>(removed);
        removed.clear();
        return taken;
    }

    /** Everything, by name; for tests. */
    Map<String, T> all() {
        Map<String, T> all = new HashMap<>();
        byOwner.values().forEach(all::putAll);
        return all;
    }
}
