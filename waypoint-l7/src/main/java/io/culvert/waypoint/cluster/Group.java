package io.culvert.waypoint.cluster;

import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Warmup;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Hosts of one priority and locality, among which one algorithm chooses. The hosts do not change; which of them are ejected
 * does, by {@link #refreshed}. Any thread, but a loop's number only on that loop.
 */
final class Group {
    private final Host[] members;
    private final int[] weights;
    private final LoadBalancer balancer;
    private final Balancing with;
    /** Of members, without those that are ejected. */
    private final Host[] live;

    private final int[] liveWeights;
    private final boolean even;
    /** When the last of its hosts is warm; counts only when there is one that is not. */
    private final long warmAt;

    private final boolean warming;
    private final @Nullable HashTable table;
    private final AtomicInteger turn;
    private final @Nullable Schedule[] schedules;

    /** What choices need beside the hosts. */
    record Balancing(RandomGenerator random, LongSupplier clock, int loops) {}

    Group(Host[] members, int[] weights, LoadBalancer balancer, Balancing with) {
        this(members, weights, balancer, with, table(members, weights, balancer), false);
    }

    private Group(
            Host[] members,
            int[] weights,
            LoadBalancer balancer,
            Balancing with,
            @Nullable HashTable table,
            boolean ignoreEjections) {
        this.members = members;
        this.weights = weights;
        this.balancer = balancer;
        this.with = with;
        this.table = table;
        int count = 0;
        for (Host host : members) {
            count += ignoreEjections || !host.ejected() ? 1 : 0;
        }
        live = new Host[count];
        liveWeights = new int[count];
        boolean same = true;
        boolean cold = false;
        long last = Long.MIN_VALUE;
        Warmup warmup = balancer.warmup();
        int at = 0;
        for (int i = 0; i < members.length; i++) {
            Host host = members[i];
            // An ejection that comes while this runs is followed by a refresh.
            if (at < count && (ignoreEjections || !host.ejected())) {
                live[at] = host;
                liveWeights[at] = weights[i];
                same &= weights[i] == liveWeights[0];
                if (warmup != null && !host.warm) {
                    long end = host.since + warmup.duration().toNanos();
                    last = cold ? Math.max(last, end) : end;
                    cold = true;
                }
                at++;
            }
        }
        assert at == count : "ejections change only under the lock under which groups are made";
        even = same;
        warming = cold;
        warmAt = last;
        turn = new AtomicInteger(with.random().nextInt());
        schedules = new @Nullable Schedule[with.loops()];
    }

    private static @Nullable HashTable table(Host[] members, int[] weights, LoadBalancer balancer) {
        return switch (balancer.algorithm()) {
            case RING_HASH ->
                new HashRing(members, weights, balancer.tableSize() > 0 ? balancer.tableSize() : HashRing.MINIMUM);
            case MAGLEV ->
                new MaglevTable(members, weights, balancer.tableSize() > 0 ? balancer.tableSize() : MaglevTable.SIZE);
            case ROUND_ROBIN, RANDOM, LEAST_REQUEST, PEAK_EWMA -> null;
        };
    }

    /** The same hosts, with ejections as they are now, or without a look at them. */
    Group refreshed(boolean ignoreEjections) {
        return new Group(members, weights, balancer, with, table, ignoreEjections);
    }

    int size() {
        return members.length;
    }

    int liveSize() {
        return live.length;
    }

    /**
     * A host, or null when all are ejected. One of {@code tried} only when there is no other.
     *
     * @param loop number of the loop, below 0 for another thread
     * @param hash counts for algorithms that hash
     */
    @Nullable
    Host choose(int loop, long hash, Set<String> tried) {
        if (live.length <= 1) {
            return live.length == 0 ? null : live[0];
        }
        if (table != null) {
            return byHash(table, hash, tried);
        }
        Host host = next(loop);
        for (int again = 0; again < HostSet.RESELECTIONS && tried.contains(host.uid); again++) {
            host = next(loop);
        }
        return tried.contains(host.uid) ? other(host, tried) : host;
    }

    /** An untried one that no draw has found. */
    private Host other(Host host, Set<String> tried) {
        int from = with.random().nextInt(live.length);
        for (int i = 0; i < live.length; i++) {
            Host candidate = live[(from + i) % live.length];
            if (!tried.contains(candidate.uid)) {
                return candidate;
            }
        }
        return host;
    }

    private Host next(int loop) {
        return switch (balancer.algorithm()) {
            case RANDOM -> live[with.random().nextInt(live.length)];
            case PEAK_EWMA -> lessLoaded();
            case ROUND_ROBIN ->
                isEven()
                        ? live[Integer.remainderUnsigned(turn.getAndIncrement(), live.length)]
                        : scheduled(loop, false);
            case LEAST_REQUEST -> isEven() ? lessBusy() : scheduled(loop, true);
            case RING_HASH, MAGLEV -> throw new AssertionError("these have a table");
        };
    }

    private boolean isEven() {
        return even && (!warming || with.clock().getAsLong() - warmAt >= 0);
    }

    private Host lessBusy() {
        int first = with.random().nextInt(live.length);
        int second = with.random().nextInt(live.length - 1);
        Host a = live[first];
        Host b = live[second < first ? second : second + 1];
        return b.active.get() < a.active.get() ? b : a;
    }

    private Host lessLoaded() {
        int first = with.random().nextInt(live.length);
        int second = with.random().nextInt(live.length - 1);
        second = second < first ? second : second + 1;
        long now = with.clock().getAsLong();
        Host a = live[first];
        Host b = live[second];
        double loadA = a.latency.load(a.active.get(), now) / liveWeights[first];
        double loadB = b.latency.load(b.active.get(), now) / liveWeights[second];
        return loadB < loadA ? b : a;
    }

    private Host scheduled(int loop, boolean byRequests) {
        Warmup warmup = warming ? balancer.warmup() : null;
        long now = warmup == null ? 0 : with.clock().getAsLong();
        Schedule.Weigher weigher = host -> weight(host, byRequests, warmup, now);
        Schedule schedule = loop < 0 ? null : schedules[loop];
        if (schedule == null) {
            schedule = new Schedule(live.length, weigher, with.random());
            if (loop >= 0) {
                schedules[loop] = schedule;
            }
        }
        return live[schedule.next(weigher)];
    }

    private double weight(int index, boolean byRequests, @Nullable Warmup warmup, long now) {
        Host host = live[index];
        double weight = liveWeights[index];
        if (warmup != null) {
            weight *= host.warmth(warmup, now);
        }
        return byRequests ? weight / (host.active.get() + 1) : weight;
    }

    private Host byHash(HashTable slots, long hash, Set<String> tried) {
        Host last = null;
        // With everything tried, the owner is as good as any.
        boolean avoid = !tried.isEmpty() && tried.size() < live.length;
        int slot = slots.slot(hash);
        for (int i = 0; i < slots.size(); i++) {
            Host host = members[slots.host(slot)];
            slot = slot + 1 == slots.size() ? 0 : slot + 1;
            if (live.length < members.length && host.ejected()) {
                continue;
            }
            if (!avoid || !tried.contains(host.uid)) {
                return host;
            }
            last = last == null ? host : last;
        }
        return last == null ? live[0] : last;
    }
}
