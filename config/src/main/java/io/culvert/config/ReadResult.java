package io.culvert.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What reading one document gave. Immutable.
 *
 * @param entries the resources that it holds or should hold
 * @param diagnostics what was found
 * @param unidentified whether it holds something that could not even be named: then nothing that its file gave before
 *     can be taken for removed
 */
record ReadResult(List<Entry> entries, List<Diagnostic> diagnostics, boolean unidentified) {
    /**
     * One resource of a document.
     *
     * @param good what was read, or null when it was refused
     * @param closed what stands in for a refused one that was never good; null where nothing needs to be closed
     * @param nameless whether the key is made up: it stands for something of its kind whose name cannot be read
     */
    record Entry(
            ResourceKey key,
            Origin origin,
            @Nullable Resource good,
            @Nullable Resource closed,
            boolean nameless) {}
}
