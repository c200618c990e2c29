package io.culvert.perf.load;

import java.time.Duration;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * What one round of requests saw. Immutable by convention: the histograms are not written any more.
 *
 * @param latency from the intended send time (open loop) or the real one to the last byte of the answer, nanoseconds
 * @param senderLateness from the intended to the real send time, nanoseconds; empty in closed loop
 * @param idleLateness of a thread that only sleeps, in the same seconds, nanoseconds
 * @param sent requests sent after warm-up
 * @param answered of those, requests answered
 * @param errors connections that failed or broke and wrong answers, warm-up included
 * @param resets of those, connections that the other end reset or refused
 * @param opened connections opened, warm-up included
 * @param requests requests handed to a connection, warm-up included
 * @param bytesOut bytes sent, warm-up included; -1 when nobody counted them
 * @param bytesIn bytes received, warm-up included; -1 when nobody counted them
 * @param length of what was counted
 * @param trouble the first error, or empty
 */
public record RequestResult(
        Histogram latency,
        Histogram senderLateness,
        Histogram idleLateness,
        long sent,
        long answered,
        long errors,
        long resets,
        long opened,
        long requests,
        long bytesOut,
        long bytesIn,
        Duration length,
        String trouble) {

    /** One line of JSON, times in microseconds; histograms as HdrHistogram writes them (nanoseconds, base64). */
    public String toJson() {
        return String.format(
                Locale.ROOT,
                "{\"sent\":%d,\"answered\":%d,\"errors\":%d,\"resets\":%d,\"opened\":%d,\"requests\":%d,\"bytes_out\":%d,\"bytes_in\":%d,"
                        + "\"seconds\":%.3f,\"trouble\":\"%s\",%s,%s,%s,\"latency_histogram\":\"%s\"}",
                sent,
                answered,
                errors,
                resets,
                opened,
                requests,
                bytesOut,
                bytesIn,
                length.toNanos() / 1e9,
                trouble.replaceAll("[\"\\\\\\p{Cntrl}]", " "),
                Histograms.percentiles("latency", latency),
                Histograms.percentiles("sender_lateness", senderLateness),
                Histograms.percentiles("idle_lateness", idleLateness),
                Histograms.encode(latency));
    }
}
