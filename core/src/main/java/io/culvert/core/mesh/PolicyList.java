package io.culvert.core.mesh;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Policies of one action in the order in which they are asked. A long list has an index by whom its policies can match,
 * so that a connection asks those few and not thousands. Immutable.
 */
final class PolicyList {
    /** Below this, asking each costs less than looking up. */
    private static final int INDEXED = 4;

    private static final int[] NONE = {};

    private final Policy[] all;
    private final @Nullable Map<String, int[]> byPrincipal;
    private final Map<String, int[]> byNamespace;
    private final int[] byNothing;

    /** @param indexed whether it is worth an index: made once and asked often */
    PolicyList(List<Policy> policies, boolean indexed) {
        all = policies.toArray(new Policy[0]);
        if (!indexed || all.length < INDEXED) {
            byPrincipal = null;
            byNamespace = Map.of();
            byNothing = NONE;
            return;
        }
        Map<String, int[]> principals = new HashMap<>();
        Map<String, int[]> namespaces = new HashMap<>();
        int[] anybody = NONE;
        for (int i = 0; i < all.length; i++) {
            PolicyKeys keys = all[i].keys();
            if (keys == null) {
                anybody = append(anybody, i);
                continue;
            }
            for (String principal : keys.principals()) {
                principals.put(principal, append(principals.getOrDefault(principal, NONE), i));
            }
            for (String namespace : keys.namespaces()) {
                namespaces.put(namespace, append(namespaces.getOrDefault(namespace, NONE), i));
            }
        }
        byPrincipal = principals;
        byNamespace = namespaces;
        byNothing = anybody;
    }

    /** Filled from the front; what is not filled yet is -1, so that many appends cost few copies. */
    private static int[] append(int[] list, int value) {
        int size = size(list);
        int[] to = list;
        if (size == list.length) {
            to = Arrays.copyOf(list, Math.max(1, size * 2));
            Arrays.fill(to, size, to.length, -1);
        }
        to[size] = value;
        return to;
    }

    private static int size(int[] list) {
        int size = list.length;
        while (size > 0 && list[size - 1] < 0) {
            size--;
        }
        return size;
    }

    boolean isEmpty() {
        return all.length == 0;
    }

    /** The first that matches; allocates nothing. */
    @Nullable
    Policy first(PolicyContext connection) {
        if (byPrincipal == null) {
            for (Policy policy : all) {
                if (policy.matches(connection)) {
                    return policy;
                }
            }
            return null;
        }
        int found = first(byNothing, connection, all.length);
        found = first(byPrincipal.getOrDefault(connection.principal(), NONE), connection, found);
        found = first(byNamespace.getOrDefault(connection.namespace(), NONE), connection, found);
        return found == all.length ? null : all[found];
    }

    /** The first of {@code list} that matches and stands before {@code limit}, else {@code limit}. */
    private int first(int[] list, PolicyContext connection, int limit) {
        for (int i : list) {
            if (i < 0 || i >= limit) {
                break;
            }
            if (all[i].matches(connection)) {
                return i;
            }
        }
        return limit;
    }

    /** Adds the keys of all that match. */
    void hits(PolicyContext connection, List<String> into) {
        for (Policy policy : all) {
            if (policy.matches(connection)) {
                into.add(policy.key());
            }
        }
    }
}
