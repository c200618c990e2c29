package io.culvert.core.telemetry;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/** Lines gathered in one builder and written in one call. Owned by the writer's thread. */
final class LineSink<E> implements BatchWriter.Sink<E> {
    private static final int KEEP = 64 * 1024;

    private final OutputStream out;
    private final BiConsumer<E, StringBuilder> renderer;
    private StringBuilder lines = new StringBuilder(1024);

    /** {@code renderer} appends one whole line with its end. */
    LineSink(OutputStream out, BiConsumer<E, StringBuilder> renderer) {
        this.out = out;
        this.renderer = renderer;
    }

    @Override
    public void append(E element) {
        int before = lines.length();
        try {
            renderer.accept(element, lines);
        } catch (RuntimeException e) {
            lines.setLength(before);
            throw e;
        }
    }

    @Override
    public void flush() throws IOException {
        byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
        if (lines.capacity() > KEEP) {
            lines = new StringBuilder(1024);
        } else {
            lines.setLength(0);
        }
        out.write(bytes);
        out.flush();
    }
}
