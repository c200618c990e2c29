package io.culvert.config;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Sets of values by key, in the order in which they came. Owned by: the compiler's thread. */
final class MultiMap<K, V> {
    private final Map<K, Set<V>> sets = new HashMap<>();

    void add(K key, V value) {
        sets.computeIfAbsent(key, _ -> new LinkedHashSet<>()).add(value);
    }

    void remove(K key, V value) {
        Set<V> set = sets.get(key);
        if (set != null && set.remove(value) && set.isEmpty()) {
            sets.remove(key);
        }
    }

    /** The values; not to be kept, as it changes. */
    Set<V> get(K key) {
        return sets.getOrDefault(key, Set.of());
    }
}
