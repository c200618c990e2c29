package io.culvert.perf.load;

import java.util.Locale;

/**
 * What a round of bulk streams moved.
 *
 * @param bytes handed to the kernel in the counted part
 * @param seconds of the counted part
 * @param sent bytes sent in all
 * @param confirmed bytes that the sinks say have arrived, in all
 * @param opened connections
 * @param errors connections that failed, broke or whose sink counted something else
 * @param trouble the first error, or empty
 */
public record BulkResult(
        long bytes, double seconds, long sent, long confirmed, long opened, long errors, String trouble) {
    public String toJson() {
        return String.format(
                Locale.ROOT,
                "{\"bytes\":%d,\"seconds\":%.3f,\"bytes_out\":%d,\"bytes_in\":%d,\"confirmed\":%d,\"opened\":%d,"
                        + "\"errors\":%d,\"trouble\":\"%s\"}",
                bytes,
                seconds,
                sent,
                opened * SinkServer.ANSWER,
                confirmed,
                opened,
                errors,
                trouble.replaceAll("[\"\\\\\\p{Cntrl}]", " "));
    }
}
