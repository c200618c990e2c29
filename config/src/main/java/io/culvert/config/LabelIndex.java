package io.culvert.config;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Things with labels, found by selector: only the smallest set that one label of the selector names is looked at. */
final class LabelIndex {
    private static final class Namespace {
        private final Map<ResourceKey, Map<String, String>> labels = new HashMap<>();
        private final Map<Map.Entry<String, String>, Set<ResourceKey>> byLabel = new HashMap<>();
    }

    private final Map<String, Namespace> namespaces = new HashMap<>();

    void put(ResourceKey key, Map<String, String> labels) {
        remove(key);
        Namespace namespace = namespaces.computeIfAbsent(key.namespace(), _ -> new Namespace());
        namespace.labels.put(key, labels);
        for (Map.Entry<String, String> label : labels.entrySet()) {
            namespace
                    .byLabel
                    .computeIfAbsent(Map.entry(label.getKey(), label.getValue()), _ -> new HashSet<>())
                    .add(key);
        }
    }

    void remove(ResourceKey key) {
        Namespace namespace = namespaces.get(key.namespace());
        Map<String, String> labels = namespace == null ? null : namespace.labels.remove(key);
        if (namespace == null || labels == null) {
            return;
        }
        for (Map.Entry<String, String> label : labels.entrySet()) {
            Map.Entry<String, String> pair = Map.entry(label.getKey(), label.getValue());
            Set<ResourceKey> keys = namespace.byLabel.get(pair);
            if (keys != null && keys.remove(key) && keys.isEmpty()) {
                namespace.byLabel.remove(pair);
            }
        }
        if (namespace.labels.isEmpty()) {
            namespaces.remove(key.namespace());
        }
    }

    Set<String> namespaces() {
        return namespaces.keySet();
    }

    Set<ResourceKey> inNamespace(String name) {
        Namespace namespace = namespaces.get(name);
        return namespace == null ? Set.of() : namespace.labels.keySet();
    }

    /** What a selector selects in a namespace. */
    Set<ResourceKey> matching(String name, Selector selector) {
        Namespace namespace = namespaces.get(name);
        if (namespace == null) {
            return Set.of();
        }
        Set<ResourceKey> candidates = namespace.labels.keySet();
        for (Map.Entry<String, String> label : selector.labels().entrySet()) {
            Set<ResourceKey> some = namespace.byLabel.getOrDefault(label, Set.of());
            candidates = some.size() < candidates.size() ? some : candidates;
        }
        Set<ResourceKey> matching = new LinkedHashSet<>();
        for (ResourceKey candidate : candidates) {
            Map<String, String> labels = namespace.labels.get(candidate);
            if (labels != null && selector.matches(labels)) {
                matching.add(candidate);
            }
        }
        return matching;
    }

    /** What a selector selects anywhere. */
    Set<ResourceKey> matching(Selector selector) {
        Set<ResourceKey> matching = new LinkedHashSet<>();
        namespaces.keySet().forEach(name -> matching.addAll(matching(name, selector)));
        return matching;
    }
}
