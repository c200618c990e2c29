package io.culvert.lab;

import java.util.concurrent.CountDownLatch;

/** Serves the commands of {@code culvert lab} for a lab until one of them ends it. */
public final class LabServer implements AutoCloseable {
    private final CountDownLatch down = new CountDownLatch(1);
    private final Control control;

    public LabServer(Lab lab) {
        this.control = new Control(lab.run(), new Commands(lab, down::countDown)::run);
    }

    /** Waits for {@code lab down}, or for an interrupt. */
    public void awaitDown() {
        try {
            down.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        control.close();
    }
}
