package io.culvert.config;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Selectors, found by the labels that they select: each is filed under one of its labels, so that only those are looked
 * at that share a label with what is asked for.
 */
final class SelectorIndex {
    private static final Map.Entry<String, String> NO_LABEL = Map.entry("", "");

    private final Map<String, Map<Map.Entry<String, String>, Map<ResourceKey, Selector>>> namespaces = new HashMap<>();

    void put(ResourceKey key, Selector selector) {
        namespaces
                .computeIfAbsent(key.namespace(), _ -> new HashMap<>())
                .computeIfAbsent(filedUnder(selector), _ -> new LinkedHashMap<>())
                .put(key, selector);
    }

    void remove(ResourceKey key, Selector selector) {
        Map<Map.Entry<String, String>, Map<ResourceKey, Selector>> namespace = namespaces.get(key.namespace());
        Map<ResourceKey, Selector> file = namespace == null ? null : namespace.get(filedUnder(selector));
        if (namespace != null && file != null) {
            file.remove(key);
            if (file.isEmpty()) {
                namespace.remove(filedUnder(selector));
            }
            if (namespace.isEmpty()) {
                namespaces.remove(key.namespace());
            }
        }
    }

    /** The selectors of a namespace that select these labels, by name. */
    Set<ResourceKey> matching(String name, Map<String, String> labels) {
        Map<Map.Entry<String, String>, Map<ResourceKey, Selector>> namespace = namespaces.get(name);
        if (namespace == null) {
            return Set.of();
        }
        Set<ResourceKey> matching = new TreeSet<>();
        addMatching(namespace.get(NO_LABEL), labels, matching);
        for (Map.Entry<String, String> label : labels.entrySet()) {
            addMatching(namespace.get(Map.entry(label.getKey(), label.getValue())), labels, matching);
        }
        return matching;
    }

    private static void addMatching(
            @Nullable Map<ResourceKey, Selector> file, Map<String, String> labels, Set<ResourceKey> matching) {
        if (file != null) {
            file.forEach((key, selector) -> {
                if (selector.matches(labels)) {
                    matching.add(key);
                }
            });
        }
    }

    // The label with the greatest text: any rule would do that always gives the same.
    private static Map.Entry<String, String> filedUnder(Selector selector) {
        Map.Entry<String, String> best = NO_LABEL;
        for (Map.Entry<String, String> label : selector.labels().entrySet()) {
            if (best.getKey().compareTo(label.getKey()) < 0) {
                best = Map.entry(label.getKey(), label.getValue());
            }
        }
        return best;
    }
}
