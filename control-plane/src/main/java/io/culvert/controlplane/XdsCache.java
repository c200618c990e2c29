package io.culvert.controlplane;

import io.culvert.config.CompiledDelta;
import io.culvert.core.xds.ResourceType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The compiled mesh as resources with versions, and what changed since which revision. Any thread; listeners are called
 * without its lock, on the thread that applied the change.
 */
final class XdsCache {
    private final Map<ResourceType, Shelf> shelves = new EnumMap<>(ResourceType.class);
    /** Alias to the names that have it. */
    private final Map<String, Set<String>> aliases = new HashMap<>();
    /** Service to the workloads that are its endpoints. */
    private final Map<String, Set<String>> endpoints = new HashMap<>();
    /** Node to the workloads on it. */
    private final Map<String, Set<String>> nodes = new HashMap<>();

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private long revision;

    XdsCache() {
        for (ResourceType type : ResourceType.values()) {
            shelves.put(type, new Shelf());
        }
    }

    /** Takes a compilation; what has the content it had before is no change. */
    void apply(CompiledDelta delta) {
        boolean changed = false;
        synchronized (this) {
            revision++;
            for (var authorization : delta.authorizations().entrySet()) {
                changed |= put(
                        ResourceType.AUTHORIZATION,
                        CachedResource.of(authorization.getKey(), authorization.getValue()));
            }
            for (var address : delta.addresses().entrySet()) {
                changed |= put(ResourceType.ADDRESS, CachedResource.of(address.getKey(), address.getValue()));
            }
            for (var document : delta.documents().entrySet()) {
                changed |= document.getValue() == null
                        ? remove(ResourceType.DOCUMENT, document.getKey())
                        : put(ResourceType.DOCUMENT, CachedResource.of(document.getKey(), document.getValue()));
            }
            for (String name : delta.removedAddresses()) {
                changed |= remove(ResourceType.ADDRESS, name);
            }
            for (String name : delta.removedAuthorizations()) {
                changed |= remove(ResourceType.AUTHORIZATION, name);
            }
        }
        if (changed) {
            listeners.forEach(Runnable::run);
        }
    }

    void addListener(Runnable listener) {
        listeners.add(listener);
    }

    void removeListener(Runnable listener) {
        listeners.remove(listener);
    }

    synchronized long revision() {
        return revision;
    }

    synchronized @Nullable CachedResource get(ResourceType type, String name) {
        return shelf(type).resource(name);
    }

    synchronized int size(ResourceType type) {
        return shelf(type).size();
    }

    /** All names of a type whose version is not the given one, and the given ones that are gone. */
    synchronized List<String> differing(ResourceType type, Map<String, String> versions) {
        List<String> names = new ArrayList<>();
        shelf(type).forEach(resource -> {
            if (!resource.version().equals(versions.get(resource.name()))) {
                names.add(resource.name());
            }
        });
        for (String name : versions.keySet()) {
            if (shelf(type).resource(name) == null) {
                names.add(name);
            }
        }
        return names;
    }

    /**
     * The names that changed or went after {@code since}; null when that is too long ago to know what went.
     */
    synchronized @Nullable List<String> changedSince(ResourceType type, long since) {
        return shelf(type).changedSince(since);
    }

    /**
     * What a subscription to {@code key} means: a name or an alias {@code network/IP}; a service brings its endpoints.
     * Empty when there is no such thing.
     */
    synchronized Set<String> resolve(ResourceType type, String key) {
        Set<String> names = new HashSet<>();
        if (shelf(type).resource(key) != null) {
            names.add(key);
        }
        if (type == ResourceType.ADDRESS) {
            names.addAll(aliases.getOrDefault(key, Set.of()));
            for (String name : List.copyOf(names)) {
                names.addAll(endpoints.getOrDefault(name, Set.of()));
            }
        }
        return names;
    }

    /** The workloads on a node. */
    synchronized Set<String> onNode(String node) {
        return Set.copyOf(nodes.getOrDefault(node, Set.of()));
    }

    private boolean put(ResourceType type, CachedResource next) {
        CachedResource old = shelf(type).resource(next.name());
        if (old != null && old.version().equals(next.version())) {
            return false;
        }
        index(old, false);
        shelf(type).put(next, revision);
        index(next, true);
        return true;
    }

    private boolean remove(ResourceType type, String name) {
        CachedResource old = shelf(type).remove(name, revision);
        index(old, false);
        return old != null;
    }

    private void index(@Nullable CachedResource resource, boolean present) {
        if (resource == null) {
            return;
        }
        resource.aliases().forEach(alias -> index(aliases, alias, resource.name(), present));
        resource.services().forEach(service -> index(endpoints, service, resource.name(), present));
        if (!resource.node().isEmpty()) {
            index(nodes, resource.node(), resource.name(), present);
        }
    }

    private static void index(Map<String, Set<String>> index, String key, String name, boolean present) {
        if (present) {
            index.computeIfAbsent(key, k -> new HashSet<>(2)).add(name);
            return;
        }
        index.computeIfPresent(key, (k, names) -> {
            names.remove(name);
            return names.isEmpty() ? null : names;
        });
    }

    private Shelf shelf(ResourceType type) {
        Shelf shelf = shelves.get(type);
        if (shelf == null) {
            throw new AssertionError(type);
        }
        return shelf;
    }
}
