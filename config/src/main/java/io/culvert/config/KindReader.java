package io.culvert.config;

/** Reads one kind. Stateless; any thread. */
interface KindReader {
    /**
     * Reads the resource and reports every fault to its context. What comes back counts only when no error was
     * reported meanwhile.
     *
     * @param root the whole resource; apiVersion, kind and metadata have been read
     */
    Resource read(Fields root, Meta meta);

    /**
     * What stands in for a faulty resource that was never good: it has to close what the resource selects. Only for
     * kinds of which {@link Kind#failsClosed} holds; may report faults, which nobody sees.
     */
    default Resource closed(Fields root, Meta meta) {
        throw new IllegalStateException(meta.key() + " needs no stand-in");
    }
}
