package io.culvert.config;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What every resource says of itself. Immutable.
 *
 * @param created metadata.creationTimestamp; null when it is not given
 * @param terminating whether metadata.deletionTimestamp is set
 * @param origin where metadata (or the resource) begins
 */
record Meta(
        ResourceKey key,
        Map<String, String> labels,
        Map<String, String> annotations,
        String uid,
        @Nullable Instant created,
        boolean terminating,
        List<Owner> owners,
        Origin origin) {
    /** An owner reference. */
    record Owner(String kind, String name, boolean controller) {}

    String namespace() {
        return key.namespace();
    }

    String name() {
        return key.name();
    }

    /** A finding about the whole resource. */
    Diagnostic diagnostic(Severity severity, String path, String message) {
        return new Diagnostic(severity, origin.file(), origin.line(), key.toString(), path, message);
    }

    /** A finding about a field of it. */
    Diagnostic diagnostic(Severity severity, int line, String path, String message) {
        return new Diagnostic(severity, origin.file(), line, key.toString(), path, message);
    }
}
