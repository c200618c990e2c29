package io.culvert.core.xds;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the client stands. Immutable.
 *
 * @param connected whether a stream is open and has answered
 * @param source where the state came from that is served now
 * @param since when {@code connected} last changed
 * @param lastError why the last stream ended; null when it did not
 * @param restoreFault why the last good state on disk could not be read; null when it could, or there is none
 * @param updates batches applied so far
 * @param resources accepted resources per type
 * @param rejected refused resources to the reason; their last good version, if any, is served
 */
public record XdsStatus(
        boolean connected,
        Source source,
        Instant since,
        @Nullable String lastError,
        @Nullable String restoreFault,
        long updates,
        Map<ResourceType, Integer> resources,
        Map<String, String> rejected) {
    public XdsStatus {
        resources = Map.copyOf(resources);
        rejected = Map.copyOf(rejected);
    }

    /** Where the state came from. */
    public enum Source {
        /** Nothing yet. */
        NONE,
        /** The last good state on disk; the control plane has not been heard since the start. */
        DISK,
        /** The control plane, in this run. */
        CONTROL_PLANE
    }
}
