package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;

/**
 * What was made and must not outlive the bench, taken down in reverse: when this is closed, or when the process is told
 * to end (TERM, INT). Each thing is taken down once. Any thread.
 */
final class TakeDown implements Closeable {
    private final Thread hook = new Thread(this::atEnd, "bench-clean-up");

    // Under the monitor.
    private final ArrayDeque<Closeable> made = new ArrayDeque<>();
    private boolean over;

    /** Fails when the process is ending already: nothing shall be made then. */
    TakeDown() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            throw new LabException("the bench is being ended", e);
        }
    }

    /** Takes {@code down} down at the end; at once, and fails, when the end has come. */
    synchronized void add(Closeable down) throws IOException {
        if (over) {
            down.close();
            throw new LabException("the bench is being ended");
        }
        made.push(down);
    }

    /** Takes everything down; what fails does not keep the rest from it, and is thrown at the end. */
    @Override
    public void close() throws IOException {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending: the hook does the same.
        }
        all();
    }

    private void atEnd() {
        try {
            all();
        } catch (IOException | RuntimeException e) {
            System.err.println("culvert bench: not everything could be taken down: " + e.getMessage());
        }
    }

    private synchronized void all() throws IOException {
        over = true;
        LabException failed = null;
        while (!made.isEmpty()) {
            try {
                made.pop().close();
            } catch (IOException | RuntimeException e) {
                if (failed == null) {
                    failed = new LabException("cannot take down what the bench made: " + e.getMessage(), e);
                } else {
                    failed.addSuppressed(e);
                }
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
