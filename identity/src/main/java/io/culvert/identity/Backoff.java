package io.culvert.identity;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** When to renew a certificate, and when to ask again after a failure. */
final class Backoff {
    /** A working certificate leaves time: the CA is spared. */
    static final Duration MAX_WITH_CERTIFICATE = Duration.ofSeconds(150);
    /** Without one the workload is cut off, and every second of waiting is an outage that outlives the CA's. */
    static final Duration MAX_WITHOUT_CERTIFICATE = Duration.ofSeconds(15);

    private static final Duration SHORTEST = Duration.ofMillis(100);

    private Backoff() {}

    /** Half of what is left of a new certificate, a tenth of that earlier or later, so that a fleet spreads out. */
    static Instant renewal(Instant now, Instant notAfter, RandomGenerator random) {
        long left = Duration.between(now, notAfter).toMillis();
        return now.plusMillis((long) (left * (0.45 + 0.1 * random.nextDouble())));
    }

    /**
     * The pause after a failure: 0.5 to 1 s, doubled each time, give or take a tenth. While a certificate holds, never more
     * than a quarter of its rest, so that a short-lived one sees several attempts before it ends.
     *
     * @param failures in a row, at least 1
     * @param notAfter of the certificate in use, null without one
     * @param ttl the lifetime that is asked for
     */
    static Duration pause(int failures, Instant now, @Nullable Instant notAfter, Duration ttl, RandomGenerator random) {
        double seconds = (0.5 + 0.5 * random.nextDouble()) * Math.pow(2, Math.min(failures - 1, 10));
        Duration pause = Duration.ofMillis((long) (seconds * 1000 * (0.9 + 0.2 * random.nextDouble())));
        if (notAfter != null && notAfter.isAfter(now)) {
            pause = min(pause, MAX_WITH_CERTIFICATE);
            pause = min(pause, Duration.between(now, notAfter).dividedBy(4));
        } else {
            pause = min(min(pause, MAX_WITHOUT_CERTIFICATE), ttl.dividedBy(4));
        }
        return pause.compareTo(SHORTEST) < 0 ? SHORTEST : pause;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
