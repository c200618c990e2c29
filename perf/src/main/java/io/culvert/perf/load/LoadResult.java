package io.culvert.perf.load;

import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * What one round of open-loop load saw. Immutable by convention: the histograms are not written any more.
 *
 * @param latency from the intended send time to the last byte of the answer, nanoseconds
 * @param senderLateness from the intended to the real send time, nanoseconds
 * @param idleLateness of a thread that only sleeps, in the same seconds, nanoseconds
 * @param sent requests sent after warm-up
 * @param answered of those, requests answered
 * @param errors connections that failed or broke, warm-up included
 */
public record LoadResult(
        Histogram latency, Histogram senderLateness, Histogram idleLateness, long sent, long answered, long errors) {

    /** One line of JSON, times in microseconds. */
    public String toJson() {
        return String.format(
                Locale.ROOT,
                "{\"sent\":%d,\"answered\":%d,\"errors\":%d,%s,%s,%s}",
                sent,
                answered,
                errors,
                percentiles("latency", latency),
                percentiles("sender_lateness", senderLateness),
                percentiles("idle_lateness", idleLateness));
    }

    private static String percentiles(String name, Histogram h) {
        return String.format(
                Locale.ROOT,
                "\"%s_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
                name,
                h.getValueAtPercentile(50) / 1e3,
                h.getValueAtPercentile(90) / 1e3,
                h.getValueAtPercentile(99) / 1e3,
                h.getValueAtPercentile(99.9) / 1e3,
                h.getMaxValue() / 1e3);
    }
}
