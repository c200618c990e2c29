package io.culvert.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All findings that stand, by who found them. Owned by: the compiler's thread. */
final class DiagnosticBook {
    private final Map<Object, List<Diagnostic>> byOwner = new HashMap<>();
    private List<Diagnostic> sorted = List.of();
    private boolean stale;

    /** Replaces what an owner found; an owner is any value that no other part uses. */
    void put(Object owner, List<Diagnostic> found) {
        List<Diagnostic> before = found.isEmpty() ? byOwner.remove(owner) : byOwner.put(owner, List.copyOf(found));
        stale |= before == null ? !found.isEmpty() : !before.equals(found);
    }

    /** All of them, sorted; the same object while nothing changed. */
    List<Diagnostic> all() {
        if (stale) {
            List<Diagnostic> all = new ArrayList<>();
            byOwner.values().forEach(all::addAll);
            Collections.sort(all);
            sorted = List.copyOf(all);
            stale = false;
        }
        return sorted;
    }
}
