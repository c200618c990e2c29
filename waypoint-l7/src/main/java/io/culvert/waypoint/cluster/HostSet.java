package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoints;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of a cluster at one moment, by priority and locality, and the choice among them. What it was made from is
 * kept, so that one look tells whether it still holds. Immutable but for the choosers' turns.
 *
 * <p>A priority takes requests by its share of healthy hosts times 1.4; what it does not take spills over to the next, as
 * in Envoy.
 */
final class HostSet {
    /**
     * What a set is made from.
     *
     * @param service null when the mesh does not know it (any more)
     * @param self the waypoint's own workload; null when not known yet
     */
    record Source(
            Cluster cluster,
            Map<String, Map<String, String>> labels,
            Endpoints endpoints,
            @Nullable Service service,
            @Nullable Workload self) {}

    /**
     * Hosts of one priority.
     *
     * @param weights of the groups
     * @param unready endpoints that are known but not ready, by group
     */
    record Level(List<Group> groups, int[] weights, int[] unready) {
        int size() {
            int size = 0;
            for (int g = 0; g < weights.length; g++) {
                size += groups.get(g).size() + unready[g];
            }
            return size;
        }

        int live() {
            int live = 0;
            for (Group group : groups) {
                live += group.liveSize();
            }
            return live;
        }

        /** In percent. */
        int health() {
            return healthOf(live(), size());
        }

        Level refreshed(boolean ignoreEjections) {
            return new Level(
                    groups.stream().map(g -> g.refreshed(ignoreEjections)).toList(), weights, unready);
        }
    }

    /** How often a host that was tried is drawn again; Istio's setting. */
    static final int RESELECTIONS = 5;

    private static final int OVERPROVISIONING = 140;

    final Source source;
    final Host[] members;
    private final List<Level> base;
    private final Level[] levels;
    /** Percent that each level gets; their sum is 100. */
    private final int[] loads;
    /** The effective weights of each level's groups. */
    private final int[][] shares;

    private final RandomGenerator random;
    /** By what names them to clients; empty without affinity. */
    private final Map<String, Host> tokens;

    /** @param base levels, best first */
    HostSet(Source source, Host[] members, List<Level> base, Map<String, Host> tokens, RandomGenerator random) {
        this.source = source;
        this.members = members;
        this.base = base;
        this.tokens = tokens;
        this.random = random;
        levels = new Level[base.size()];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = base.get(i).refreshed(false);
        }
        loads = loads();
        shares = new int[levels.length][];
        for (int i = 0; i < levels.length; i++) {
            shares[i] = shares(levels[i]);
        }
    }

    /** The same with ejections as they are now. */
    HostSet refreshed() {
        return new HostSet(source, members, base, tokens, random);
    }

    private static int healthOf(int live, int size) {
        return size == 0 ? 0 : Math.min(100, OVERPROVISIONING * live / size);
    }

    private int[] loads() {
        int[] health = new int[levels.length];
        int total = 0;
        for (int i = 0; i < levels.length; i++) {
            health[i] = levels[i].health();
            total = Math.min(100, total + health[i]);
        }
        int[] result = new int[levels.length];
        if (total < 100) {
            panic();
        }
        if (total == 0) {
            // Nobody is healthy: the first level that has anybody, which in panic takes the ejected.
            for (int i = 0; i < levels.length; i++) {
                if (levels[i].live() > 0) {
                    result[i] = 100;
                    break;
                }
            }
            return result;
        }
        int left = 100;
        int first = -1;
        for (int i = 0; i < levels.length; i++) {
            result[i] = Math.min(left, health[i] * 100 / total);
            left -= result[i];
            first = first < 0 && result[i] > 0 ? i : first;
        }
        if (first >= 0) {
            result[first] += left;
        }
        return result;
    }

    /** Levels with too few healthy hosts ignore ejections: rather a bad host than all load on the few good ones. */
    private void panic() {
        ClusterPolicy.OutlierDetection outliers = source.cluster().policy().outliers();
        int minimum = outliers == null ? 0 : outliers.minHealthPercent();
        for (int i = 0; i < levels.length; i++) {
            int ready = 0;
            for (Group group : levels[i].groups()) {
                ready += group.size();
            }
            if (ready > 0 && 100L * levels[i].live() < (long) minimum * ready) {
                levels[i] = base.get(i).refreshed(true);
            }
        }
    }

    private static int[] shares(Level level) {
        int[] shares = new int[level.groups().size()];
        for (int g = 0; g < shares.length; g++) {
            Group group = level.groups().get(g);
            shares[g] = level.weights()[g] * healthOf(group.liveSize(), group.size() + level.unready()[g]);
        }
        return shares;
    }

    /** Whether nobody can be chosen. */
    boolean isEmpty() {
        for (int load : loads) {
            if (load > 0) {
                return false;
            }
        }
        return true;
    }

    /** The host that a client's session names, if requests may still go there. */
    @Nullable
    Host named(String token, Set<String> tried) {
        Host host = tokens.get(token);
        return host == null || host.ejected() || host.gone() || tried.contains(host.uid) ? null : host;
    }

    /**
     * A host, null when there is none.
     *
     * @param loop number of the loop, below 0 for another thread
     * @param hashed whether {@code hash} comes from the request; otherwise chance decides
     */
    @Nullable
    Host choose(int loop, boolean hashed, long hash, Set<String> tried) {
        Host host = draw(loop, hashed, hash, tried);
        // A group avoids those that were tried by itself; here it is about other groups.
        boolean again = !hashed && !tried.isEmpty() && levels.length > 0 && (loads[0] < 100 || shares[0].length > 1);
        for (int i = 0; again && i < RESELECTIONS && host != null && tried.contains(host.uid); i++) {
            host = draw(loop, false, hash, tried);
        }
        return host;
    }

    private @Nullable Host draw(int loop, boolean hashed, long hash, Set<String> tried) {
        if (levels.length == 0) {
            return null;
        }
        Level level = levels[0];
        int[] of = shares[0];
        if (loads[0] < 100) {
            int at = draw(loads, 100, hashed, hash, 1);
            if (at < 0) {
                return null;
            }
            level = levels[at];
            of = shares[at];
        }
        int group = 0;
        if (of.length > 1) {
            int sum = 0;
            for (int share : of) {
                sum += share;
            }
            group = draw(of, sum, hashed, hash, 2);
        }
        return group < 0 ? null : level.groups().get(group).choose(loop, hashed ? hash : random.nextLong(), tried);
    }

    /** An index with the probability of its weight; the same hash leads to the same index. */
    private int draw(int[] weights, int sum, boolean hashed, long hash, int salt) {
        if (sum <= 0) {
            return -1;
        }
        int point = hashed ? (int) Long.remainderUnsigned(Hash64.mix(hash + salt), sum) : random.nextInt(sum);
        for (int i = 0; i < weights.length; i++) {
            point -= weights[i];
            if (point < 0) {
                return i;
            }
        }
        return -1;
    }
}
