package io.culvert.core.hbone;

import io.culvert.core.telemetry.PendingHandshakes;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * How many steps of TLS handshakes one turn of a loop takes. A step computes for a fraction of a millisecond (key
 * agreement, signature, chain), and a storm brings dozens in one turn: the loop's other sockets would wait for all of
 * them. What is over the limit waits for the next turn, first come, first served; each connection waits once at most.
 * Owned by: its loop.
 */
final class HandshakeTurns implements Runnable {
    /** Steps of one turn. */
    static final int STEPS = 2;

    private static final FastThreadLocal<HandshakeTurns> OF_LOOP = new FastThreadLocal<>();

    private final EventLoop loop;
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private int taken;

    private HandshakeTurns(EventLoop loop) {
        this.loop = loop;
    }

    /** The one of this loop, which is the calling thread's. */
    static HandshakeTurns of(EventLoop loop) {
        HandshakeTurns turns = OF_LOOP.get();
        if (turns == null) {
            turns = new HandshakeTurns(loop);
            OF_LOOP.set(turns);
        }
        return turns;
    }

    /** Whether a step may be done now; if not, {@code later} is run when it may. */
    boolean take(Runnable later) {
        if (taken == STEPS) {
            waiting.add(later);
            PendingHandshakes.began();
            return false;
        }
        if (taken++ == 0) {
            nextTurn();
        }
        return true;
    }

    /** A task of the schedule, not of the queue, which a loop empties before it looks at its sockets again. */
    private void nextTurn() {
        var _ = loop.schedule(this, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public void run() {
        taken = Math.min(STEPS, waiting.size());
        if (taken > 0) {
            nextTurn();
        }
        for (int i = taken; i > 0; i--) {
            Runnable step = waiting.remove();
            PendingHandshakes.ended();
            step.run();
        }
    }
}
