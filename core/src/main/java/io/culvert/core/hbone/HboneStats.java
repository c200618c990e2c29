package io.culvert.core.hbone;

import java.util.concurrent.atomic.LongAdder;

/** Counters of one pool or server, for metrics. Written on loops, read on any thread. */
public final class HboneStats {
    final LongAdder tunnelsUp = new LongAdder();
    final LongAdder tunnelsDown = new LongAdder();
    final LongAdder tunnelsFailed = new LongAdder();
    final LongAdder streamsOpened = new LongAdder();
    final LongAdder streamsClosed = new LongAdder();
    final LongAdder pingTimeouts = new LongAdder();
    final LongAdder floods = new LongAdder();
    final LongAdder windowBytes = new LongAdder();
    final LongAdder windowRefusals = new LongAdder();

    /** Tunnels that ever came up. */
    public long tunnelsUp() {
        return tunnelsUp.sum();
    }

    /** Tunnels that are up now. */
    public long tunnelsOpen() {
        return tunnelsUp.sum() - tunnelsDown.sum();
    }

    /** Tunnels that never came up. */
    public long tunnelsFailed() {
        return tunnelsFailed.sum();
    }

    /** Streams that were ever opened, answered or not. */
    public long streamsOpened() {
        return streamsOpened.sum();
    }

    /** Streams that are open now. */
    public long streamsOpen() {
        return streamsOpened.sum() - streamsClosed.sum();
    }

    /** Tunnels given up for an unanswered PING. */
    public long pingTimeouts() {
        return pingTimeouts.sum();
    }

    /** Tunnels closed with ENHANCE_YOUR_CALM. */
    public long floods() {
        return floods.sum();
    }

    /** Bytes of receive window that are granted now and charged to budgets. */
    public long windowBytes() {
        return windowBytes.sum();
    }

    /** How often a budget granted less than a stream could have used. */
    public long windowRefusals() {
        return windowRefusals.sum();
    }
}
