package io.culvert.controlplane;

import java.time.Duration;

/**
 * When a file counts as written. Immutable.
 *
 * @param settle quiet time after the last change of a file before it is read: whoever writes in place pauses less
 * @param settleEmpty the same for an empty file, which is mostly one that is about to be written
 * @param rescan how often everything is looked at, for what the kernel did not tell
 */
record SourceTiming(Duration settle, Duration settleEmpty, Duration rescan) {
    static final SourceTiming DEFAULT =
            new SourceTiming(Duration.ofMillis(40), Duration.ofSeconds(1), Duration.ofSeconds(5));
}
