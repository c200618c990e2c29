package io.culvert.controlplane;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The resources of one type in the order of their last change, and for a while the names of those that went. Owned by:
 * {@link XdsCache}, under its lock.
 */
final class Shelf {
    /** Streams look at once when something changes; this is room for those that were not scheduled for a while. */
    static final int MAX_GONE = 10_000;

    private final Map<String, CachedResource> resources = new HashMap<>();
    /** Name to the revision of its last change, the latest last. */
    private final LinkedHashMap<String, Long> changes = new LinkedHashMap<>();

    private final LinkedHashMap<String, Long> gone = new LinkedHashMap<>();
    private long forgottenUntil;

    @Nullable
    CachedResource resource(String name) {
        return resources.get(name);
    }

    int size() {
        return resources.size();
    }

    void forEach(Consumer<CachedResource> action) {
        resources.values().forEach(action);
    }

    void put(CachedResource resource, long revision) {
        resources.put(resource.name(), resource);
        changes.putLast(resource.name(), revision);
        gone.remove(resource.name());
    }

    @Nullable
    CachedResource remove(String name, long revision) {
        CachedResource old = resources.remove(name);
        if (old != null) {
            changes.remove(name);
            gone.putLast(name, revision);
            if (gone.size() > MAX_GONE) {
                forgottenUntil = gone.pollFirstEntry().getValue();
            }
        }
        return old;
    }

    /** Null when names that went since then have been forgotten. */
    @Nullable
    List<String> changedSince(long since) {
        if (since < forgottenUntil) {
            return null;
        }
        List<String> names = new ArrayList<>();
        after(changes, since, names);
        after(gone, since, names);
        return names;
    }

    private static void after(LinkedHashMap<String, Long> from, long since, List<String> into) {
        for (Map.Entry<String, Long> change : from.sequencedEntrySet().reversed()) {
            if (change.getValue() <= since) {
                return;
            }
            into.add(change.getKey());
        }
    }
}
