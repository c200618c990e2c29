package io.culvert.waypoint.cluster;

import java.util.Arrays;

/**
 * Consistent hashing: each host owns points on a ring in proportion to its weight (at least {@code minimum} points
 * altogether), and a hash belongs to the next point. The size is found as Envoy does, with a smaller maximum. Immutable.
 */
final class HashRing implements HashTable {
    /** Istio's default. */
    static final int MINIMUM = 1024;

    private static final int MAXIMUM = 1 << 20;

    private final long[] points;
    private final int[] owners;

    HashRing(Host[] hosts, int[] weights, int minimum) {
        double sum = 0;
        int least = Integer.MAX_VALUE;
        for (int weight : weights) {
            sum += weight;
            least = Math.min(least, weight);
        }
        if (hosts.length == 0) {
            points = new long[0];
            owners = new int[0];
            return;
        }
        // The lightest host gets a whole number of points, the others as many times more.
        double leastShare = least / sum;
        double scale = Math.min(Math.ceil(leastShare * minimum) / leastShare, MAXIMUM);
        long[][] all = new long[(int) Math.ceil(scale)][];
        int size = 0;
        double target = 0;
        for (int h = 0; h < hosts.length; h++) {
            target += scale * weights[h] / sum;
            for (int copy = 0; size < target - 1e-6 && size < all.length; copy++) {
                all[size++] = new long[] {Hash64.of(hosts[h].uid, copy), h};
            }
        }
        Arrays.sort(all, 0, size, (a, b) -> Long.compareUnsigned(a[0], b[0]));
        points = new long[size];
        owners = new int[size];
        for (int i = 0; i < size; i++) {
            points[i] = all[i][0];
            owners[i] = (int) all[i][1];
        }
    }

    @Override
    public int slot(long hash) {
        int low = 0;
        int high = points.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(points[middle], hash) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == points.length ? 0 : low;
    }

    @Override
    public int size() {
        return points.length;
    }

    @Override
    public int host(int slot) {
        return owners[slot];
    }
}
