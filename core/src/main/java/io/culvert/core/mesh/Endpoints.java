package io.culvert.core.mesh;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** The endpoints of one service, sorted by uid, with random access for choosers. Immutable. */
public final class Endpoints {
    /** No endpoints. */
    public static final Endpoints NONE = new Endpoints(List.of());

    private final List<Endpoint> all;
    private final List<Endpoint> healthy;

    private Endpoints(List<Endpoint> sorted) {
        all = sorted;
        int ready = 0;
        for (Endpoint endpoint : sorted) {
            ready += endpoint.workload().healthy() ? 1 : 0;
        }
        healthy = ready == sorted.size() ? sorted : healthy(sorted, ready);
    }

    /** Only this one. */
    public static Endpoints of(Endpoint endpoint) {
        return new Endpoints(List.of(endpoint));
    }

    private static List<Endpoint> healthy(List<Endpoint> sorted, int ready) {
        List<Endpoint> healthy = new ArrayList<>(ready);
        for (Endpoint endpoint : sorted) {
            if (endpoint.workload().healthy()) {
                healthy.add(endpoint);
            }
        }
        return List.copyOf(healthy);
    }

    /** All of them, the unhealthy too. */
    public List<Endpoint> all() {
        return all;
    }

    /** Those that are ready for traffic. */
    public List<Endpoint> healthy() {
        return healthy;
    }

    /** Whether there is none at all. */
    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** With changes by uid (null removes): one merge of two sorted lists. */
    Endpoints with(NavigableMap<String, @Nullable Endpoint> changes) {
        List<Endpoint> merged = new ArrayList<>(all.size() + changes.size());
        var pending = changes.entrySet().iterator();
        Map.Entry<String, @Nullable Endpoint> next = pending.hasNext() ? pending.next() : null;
        for (Endpoint old : all) {
            String uid = old.workload().uid();
            while (next != null && next.getKey().compareTo(uid) < 0) {
                add(merged, next.getValue());
                next = pending.hasNext() ? pending.next() : null;
            }
            if (next != null && next.getKey().equals(uid)) {
                add(merged, next.getValue());
                next = pending.hasNext() ? pending.next() : null;
            } else {
                merged.add(old);
            }
        }
        while (next != null) {
            add(merged, next.getValue());
            next = pending.hasNext() ? pending.next() : null;
        }
        return merged.isEmpty() ? NONE : new Endpoints(List.copyOf(merged));
    }

    private static void add(List<Endpoint> to, @Nullable Endpoint endpoint) {
        if (endpoint != null) {
            to.add(endpoint);
        }
    }

    @Override
    public String toString() {
        return all.toString();
    }
}
