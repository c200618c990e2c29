package io.culvert.lab;

import io.culvert.lab.demo.HttpSession;
import io.culvert.lab.demo.Session;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Exchanges between pods for a given time, on connections of two kinds: short ones, made and closed all the time, and
 * long ones, which live for several rotations of a certificate of ten seconds. Every fault is kept. Any thread.
 */
final class RotationLoad implements AutoCloseable {
    /** Makes a connection. */
    @FunctionalInterface
    interface Connector {
        Session connect() throws IOException;
    }

    /**
     * A tunnel ends a drain of 25 s after the first of its certificates, and one that is opened on it has that and what is
     * left of the certificate: more than this, and four rotations fall into it.
     */
    private static final Duration LONG_LIFE = Duration.ofSeconds(20);

    private static final int SHORT_EXCHANGES = 5;
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final long start = System.nanoTime();
    private final long end;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong exchanges = new AtomicLong();
    private final AtomicLong shortOnes = new AtomicLong();
    private final AtomicLong longOnes = new AtomicLong();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    RotationLoad(Duration length) {
        this.end = start + length.toNanos();
    }

    /** A connection over HTTP from {@code client} to {@code address}. */
    static Connector http(LabPod client, String address, int port) {
        return () -> new HttpSession(client.sockets(), address, port, Duration.ofSeconds(10));
    }

    /** Adds a thread of short and one of long connections. */
    RotationLoad over(String name, Connector connector) {
        add(name + ", short", () -> shortConnection(connector));
        add(name + ", long", () -> longConnection(connector));
        return this;
    }

    /** Waits for the end of its time. */
    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    List<String> faults() {
        return List.copyOf(faults);
    }

    long exchanges() {
        return exchanges.get();
    }

    long shortConnections() {
        return shortOnes.get();
    }

    long longConnections() {
        return longOnes.get();
    }

    @Override
    public void close() {
        stopped = true;
        try {
            join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private void add(String name, Work work) {
        threads.add(Thread.ofPlatform().daemon().name("load " + name).start(() -> {
            while (running()) {
                try {
                    work.run();
                } catch (IOException e) {
                    long at = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                    faults.add("%s after %d ms: %s".formatted(name, at, e));
                    LockSupport.parkNanos(PACE_NANOS);
                }
            }
        }));
    }

    private boolean running() {
        return !stopped && System.nanoTime() < end;
    }

    private void shortConnection(Connector connector) throws IOException {
        try (Session session = connector.connect()) {
            for (int i = 0; i < SHORT_EXCHANGES; i++) {
                exchange(session);
            }
        }
        shortOnes.incrementAndGet();
        LockSupport.parkNanos(PACE_NANOS);
    }

    private void longConnection(Connector connector) throws IOException {
        long life = System.nanoTime() + LONG_LIFE.toNanos();
        try (Session session = connector.connect()) {
            while (running() && System.nanoTime() < life) {
                exchange(session);
                LockSupport.parkNanos(PACE_NANOS);
            }
        }
        longOnes.incrementAndGet();
    }

    private void exchange(Session session) throws IOException {
        String question = "q" + exchanges.incrementAndGet();
        String answer = session.ask(question);
        if (!answer.equals(question)) {
            throw new IOException("asked " + question + ", answered " + answer);
        }
    }
}
