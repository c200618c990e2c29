package io.culvert.waypoint.cluster;

/**
 * Maglev's consistent hashing (Eisenbud and others, NSDI 2016, section 3.4): hosts take turns in filling a table of prime
 * size, each by a permutation of its own; a heavier host takes proportionally more turns. Lookup is one division.
 * Immutable.
 */
final class MaglevTable implements HashTable {
    /** Envoy's and Istio's default. */
    static final int SIZE = 65_537;

    private final char[] owners;

    /** @param size the next prime number is taken; must be larger than the number of hosts, of which at most 65,535 count */
    MaglevTable(Host[] hosts, int[] weights, int size) {
        int count = Math.min(hosts.length, Character.MAX_VALUE);
        if (count == 0) {
            owners = new char[0];
            return;
        }
        int slots = prime(Math.max(size, count + 1));
        owners = new char[slots];
        boolean[] taken = new boolean[slots];
        int[] next = new int[count];
        int[] skip = new int[count];
        int heaviest = 1;
        for (int h = 0; h < count; h++) {
            next[h] = (int) Long.remainderUnsigned(Hash64.of(hosts[h].uid, 0), slots);
            skip[h] = 1 + (int) Long.remainderUnsigned(Hash64.of(hosts[h].uid, 1), slots - 1);
            heaviest = Math.max(heaviest, weights[h]);
        }
        long[] credit = new long[count];
        int filled = 0;
        while (filled < slots) {
            for (int h = 0; h < count && filled < slots; h++) {
                credit[h] += weights[h];
                if (credit[h] < heaviest) {
                    continue;
                }
                credit[h] -= heaviest;
                int slot = next[h];
                while (taken[slot]) {
                    slot = step(slot, skip[h], slots);
                }
                taken[slot] = true;
                owners[slot] = (char) h;
                next[h] = step(slot, skip[h], slots);
                filled++;
            }
        }
    }

    private static int step(int slot, int skip, int slots) {
        int next = slot + skip;
        return next >= slots ? next - slots : next;
    }

    private static int prime(int from) {
        int candidate = Math.max(from, 2);
        while (!isPrime(candidate)) {
            candidate++;
        }
        return candidate;
    }

    private static boolean isPrime(int number) {
        for (int i = 2; (long) i * i <= number; i++) {
            if (number % i == 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int slot(long hash) {
        return (int) Long.remainderUnsigned(hash, owners.length);
    }

    @Override
    public int size() {
        return owners.length;
    }

    @Override
    public int host(int slot) {
        return owners[slot];
    }
}
