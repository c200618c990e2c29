package io.culvert.perf.result;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** Histograms as text: the base64 of HdrHistogram's compressed V2 form. Any thread. */
public final class Histograms {
    private Histograms() {}

    /** The text of {@code histogram}, whose values are nanoseconds; nobody may record meanwhile. */
    public static String encode(Histogram histogram) {
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(buffer);
        return Base64.getEncoder().encodeToString(java.util.Arrays.copyOf(buffer.array(), length));
    }

    /**
     * The histogram that {@code text} stands for.
     *
     * @throws IllegalArgumentException when it stands for none
     */
    public static Histogram decode(String text) {
        try {
            return Histogram.decodeFromCompressedByteBuffer(
                    ByteBuffer.wrap(Base64.getDecoder().decode(text)), 0);
        } catch (DataFormatException | RuntimeException e) {
            throw new IllegalArgumentException("not the base64 of a compressed HdrHistogram V2: " + e.getMessage(), e);
        }
    }
}
