package io.culvert.config;

import java.util.Set;

/** Who read which fact when last compiled. Owned by: the compiler's thread. */
final class Dependencies {
    /** One thing that is compiled. */
    record Node(Phase phase, ResourceKey key) {}

    /** When it is compiled. */
    enum Phase {
        RESOURCE,
        CLUSTERS,
        ROUTES
    }

    private final MultiMap<Object, Node> readers = new MultiMap<>();
    private final MultiMap<Node, Object> facts = new MultiMap<>();

    /** A node is compiled afresh, or is gone: it has read nothing. */
    void forget(Node node) {
        Set<Object> read = Set.copyOf(facts.get(node));
        for (Object fact : read) {
            readers.remove(fact, node);
            facts.remove(node, fact);
        }
    }

    void read(Node node, Object fact) {
        readers.add(fact, node);
        facts.add(node, fact);
    }

    /** Not to be kept, as it changes. */
    Set<Node> readers(Object fact) {
        return readers.get(fact);
    }
}
