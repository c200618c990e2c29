package io.culvert.core.telemetry;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Metrics as text: OpenMetrics for who asks for it, else the Prometheus format. Any thread but an event loop.
 *
 * @param contentType the HTTP header of that name
 */
public record Exposition(String contentType, ExpositionFormatWriter writer) {
    /** The format for an HTTP Accept header; null when there was none. */
    public static Exposition forAccept(@Nullable String accept) {
        ExpositionFormatWriter writer = accept != null && accept.contains("application/openmetrics-text")
                ? OpenMetricsTextFormatWriter.create()
                : PrometheusTextFormatWriter.create();
        return new Exposition(writer.getContentType(), writer);
    }

    /** Writes what {@code registry} says now. */
    public void write(MetricsRegistry registry, OutputStream out) throws IOException {
        writer.write(out, registry.collect());
    }
}
