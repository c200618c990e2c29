package io.culvert.core.route;

import java.util.List;
import java.util.Map;

/**
 * Changes to header fields, applied as remove, set, add. Names in lower case. Immutable.
 *
 * @param set replaces all fields of the name
 * @param add appends a field
 */
public record HeaderChanges(Map<String, String> set, Map<String, String> add, List<String> remove) {
    /** None. */
    public static final HeaderChanges NONE = new HeaderChanges(Map.of(), Map.of(), List.of());

    public HeaderChanges {
        set = Map.copyOf(set);
        add = Map.copyOf(add);
        remove = List.copyOf(remove);
    }

    /** Whether nothing changes. */
    public boolean isEmpty() {
        return set.isEmpty() && add.isEmpty() && remove.isEmpty();
    }
}
