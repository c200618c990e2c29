package io.culvert.lab;

import java.io.ByteArrayOutputStream;
import java.util.TreeMap;

/** Segments of one direction of a connection on their way to a byte sequence; holes are left out. */
final class TcpPayload {
    private final TreeMap<Long, byte[]> segments = new TreeMap<>();
    private int first;
    private boolean started;

    /** Tells the sequence number of the first byte. */
    void start(int sequence) {
        first = sequence;
        started = true;
    }

    void add(int sequence, byte[] payload) {
        if (!started) {
            // The capture began in the middle: far enough below for what arrives late.
            start(sequence - 1_000_000);
        }
        long offset = Integer.toUnsignedLong(sequence - first);
        byte[] known = segments.get(offset);
        if (known == null || known.length < payload.length) {
            segments.put(offset, payload);
        }
    }

    /** The bytes in order, each once. */
    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long next = 0;
        for (var segment : segments.entrySet()) {
            byte[] payload = segment.getValue();
            long start = segment.getKey();
            int repeated = Math.clamp(next - start, 0, payload.length);
            out.write(payload, repeated, payload.length - repeated);
            next = Math.max(next, start + payload.length);
        }
        return out.toByteArray();
    }
}
