package io.culvert.waypoint.cluster;

import java.util.random.RandomGenerator;

/**
 * Turns in proportion to weights that may change between turns: the host with the earliest deadline is next, and its
 * following deadline is one divided by its weight later (earliest deadline first, as Envoy schedules weighted hosts).
 * Owned by: one loop.
 */
final class Schedule {
    /** What a host weighs now; greater than 0. */
    @FunctionalInterface
    interface Weigher {
        double weight(int host);
    }

    private final double[] deadlines;
    /** Indices of hosts, a heap by deadline. */
    private final int[] heap;

    /** Begins somewhere in the sequence, so that loops and waypoints do not begin with the same host. */
    Schedule(int hosts, Weigher weigher, RandomGenerator random) {
        deadlines = new double[hosts];
        heap = new int[hosts];
        for (int h = 0; h < hosts; h++) {
            // Exponential: the first turn goes to each host with the probability of its weight.
            deadlines[h] = -Math.log(1 - random.nextDouble()) / weigher.weight(h);
            heap[h] = h;
        }
        for (int i = hosts / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    /** Whose turn it is. */
    int next(Weigher weigher) {
        int host = heap[0];
        deadlines[host] += 1 / weigher.weight(host);
        sink(0);
        return host;
    }

    private void sink(int from) {
        int at = from;
        int host = heap[at];
        while (true) {
            int child = 2 * at + 1;
            if (child >= heap.length) {
                break;
            }
            if (child + 1 < heap.length && deadlines[heap[child + 1]] < deadlines[heap[child]]) {
                child++;
            }
            if (deadlines[heap[child]] >= deadlines[host]) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = host;
    }
}
