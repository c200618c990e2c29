package io.culvert.core.telemetry;

import java.util.concurrent.atomic.LongAdder;

/**
 * How many connections wait for a turn of their event loop to do the next step of their TLS handshake. One number for the
 * process, whose loops are shared by all that listen and dial. Any thread.
 */
public final class PendingHandshakes {
    private static final LongAdder WAITING = new LongAdder();

    private PendingHandshakes() {}

    /** One more waits. */
    public static void began() {
        WAITING.increment();
    }

    /** One has its turn. */
    public static void ended() {
        WAITING.decrement();
    }

    /** Those that wait now. */
    public static long count() {
        return WAITING.sum();
    }
}
