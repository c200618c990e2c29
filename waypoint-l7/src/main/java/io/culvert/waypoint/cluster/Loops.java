package io.culvert.waypoint.cluster;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;

/** The event loops by number. Immutable. */
final class Loops {
    private final EventLoop[] loops;

    Loops(EventLoopGroup group) {
        List<EventLoop> all = new ArrayList<>();
        for (EventExecutor executor : group) {
            all.add((EventLoop) executor);
        }
        loops = all.toArray(EventLoop[]::new);
    }

    int size() {
        return loops.length;
    }

    EventLoop get(int index) {
        return loops[index];
    }

    /**
     * The number of a loop.
     *
     * @throws IllegalArgumentException when it is of another group
     */
    int indexOf(EventLoop loop) {
        for (int i = 0; i < loops.length; i++) {
            if (loops[i].equals(loop)) {
                return i;
            }
        }
        throw new IllegalArgumentException(
                "no pools for " + loop + ": it is not of the group that the clusters were made for");
    }

    /** The number of the loop that this thread runs, -1 for another thread. */
    int current() {
        for (int i = 0; i < loops.length; i++) {
            if (loops[i].inEventLoop()) {
                return i;
            }
        }
        return -1;
    }

    /** Runs something on a loop, unless that is ending, when nothing matters any more. */
    void run(int index, Runnable task) {
        if (!loops[index].isShuttingDown()) {
            loops[index].execute(task);
        }
    }
}
