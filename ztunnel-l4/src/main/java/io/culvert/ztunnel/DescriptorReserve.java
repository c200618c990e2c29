package io.culvert.ztunnel;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Descriptors kept back, so that a listener can accept and refuse when none is left: clients get an answer instead of
 * a connection that hangs, and an accept queue that is drained cannot make the loop spin. Any thread.
 */
final class DescriptorReserve implements AutoCloseable {
    private static final String PATH = "/dev/null";

    private final int size;
    private final ConcurrentLinkedQueue<FileInputStream> kept = new ConcurrentLinkedQueue<>();

    DescriptorReserve(int size) {
        this.size = size;
        refill();
    }

    /** Gives one descriptor back to the process; false when none is kept. */
    boolean spend() {
        FileInputStream file = kept.poll();
        close(file);
        return file != null;
    }

    /** Keeps as many again as there should be, or as can be had; false when they are fewer. */
    boolean refill() {
        while (kept.size() < size) {
            try {
                kept.add(new FileInputStream(PATH));
            } catch (IOException e) {
                // Still none to be had: the next refill may have more luck.
                return false;
            }
        }
        return true;
    }

    int kept() {
        return kept.size();
    }

    @Override
    public void close() {
        boolean more;
        do {
            more = spend();
        } while (more);
    }

    private static void close(@Nullable FileInputStream file) {
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (IOException e) {
            throw new AssertionError("close of " + PATH, e);
        }
    }
}
