package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.Locality;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.LocalityPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Sorts the hosts of a cluster into priorities and localities. Used by one thread, once. */
final class HostSetBuilder {
    private final HostSet.Source source;
    private final ClusterPolicy policy;
    private final Group.Balancing with;
    private final List<Host> hosts = new ArrayList<>();
    private final List<Workload> unready = new ArrayList<>();

    HostSetBuilder(HostSet.Source source, Group.Balancing with) {
        this.source = source;
        this.with = with;
        policy = source.cluster().policy();
    }

    void add(Host host) {
        hosts.add(host);
    }

    /** An endpoint that is known but gets nothing now: it makes its priority less healthy. */
    void addUnready(Workload workload) {
        unready.add(workload);
    }

    HostSet build() {
        LocalityPolicy locality = policy.loadBalancer().locality();
        Workload self = source.self();
        Map<String, Integer> distribution =
                locality == null || self == null ? null : distribution(locality, self.locality());
        List<HostSet.Level> levels = distribution == null ? byPriority() : List.of(byDistribution(distribution));
        Map<String, Host> tokens = new HashMap<>();
        if (policy.affinity() != null) {
            hosts.forEach(host -> tokens.put(host.token(), host));
        }
        return new HostSet(source, hosts.toArray(Host[]::new), levels, Map.copyOf(tokens), with.random());
    }

    /** The shares that are meant for requests from here; null when there are none. */
    private static @Nullable Map<String, Integer> distribution(LocalityPolicy policy, Locality own) {
        return policy.distribute().keySet().stream()
                .sorted(Localities.MOST_SPECIFIC_FIRST)
                .filter(from -> Localities.matches(from, own))
                .findFirst()
                .map(policy.distribute()::get)
                .orElse(null);
    }

    /** One level, a group for each share. Endpoints of localities that get no share are not used. */
    private HostSet.Level byDistribution(Map<String, Integer> shares) {
        List<String> patterns =
                shares.keySet().stream().sorted(Localities.MOST_SPECIFIC_FIRST).toList();
        List<Group> groups = new ArrayList<>();
        int[] weights = new int[patterns.size()];
        int[] missing = new int[patterns.size()];
        for (int p = 0; p < weights.length; p++) {
            int index = p;
            groups.add(group(hosts.stream()
                    .filter(h -> patternOf(patterns, h.endpoint().workload()) == index)
                    .toList()));
            weights[p] = shares.getOrDefault(patterns.get(p), 0);
            missing[p] = (int) unready.stream()
                    .filter(w -> patternOf(patterns, w) == index)
                    .count();
        }
        return new HostSet.Level(List.copyOf(groups), weights, missing);
    }

    private static int patternOf(List<String> patterns, Workload workload) {
        for (int p = 0; p < patterns.size(); p++) {
            if (Localities.matches(patterns.get(p), workload.locality())) {
                return p;
            }
        }
        return -1;
    }

    private List<HostSet.Level> byPriority() {
        TreeMap<Integer, List<Host>> ranked = new TreeMap<>();
        TreeMap<Integer, Integer> missing = new TreeMap<>();
        for (Host host : hosts) {
            int rank = rank(host.endpoint().workload());
            if (rank != Localities.NEVER) {
                ranked.computeIfAbsent(rank, r -> new ArrayList<>()).add(host);
            }
        }
        for (Workload workload : unready) {
            missing.merge(rank(workload), 1, Integer::sum);
        }
        List<HostSet.Level> levels = new ArrayList<>();
        ranked.forEach((rank, members) -> levels.add(
                new HostSet.Level(List.of(group(members)), new int[] {1}, new int[] {missing.getOrDefault(rank, 0)})));
        return List.copyOf(levels);
    }

    private int rank(Workload there) {
        Workload self = source.self();
        if (self == null) {
            return 0;
        }
        LocalityPolicy locality = policy.loadBalancer().locality();
        // Without ejection nobody would ever find out that it is time to fail over (Istio asks for it, too).
        if (locality != null && policy.outliers() != null) {
            return locality.failoverPriority().isEmpty()
                    ? Localities.failover(locality, self.locality(), there.locality())
                    : Localities.failoverPriority(
                            locality.failoverPriority(), self, labels(self), there, labels(there));
        }
        LoadBalancing balancing = source.service() == null
                ? LoadBalancing.DEFAULT
                : source.service().loadBalancing();
        return balancing.mode() == Mode.STRICT || balancing.mode() == Mode.FAILOVER
                ? Localities.preference(balancing, self, there)
                : 0;
    }

    private Map<String, String> labels(Workload workload) {
        return source.labels().getOrDefault(workload.uid(), Map.of());
    }

    private Group group(List<Host> members) {
        Host[] array = members.toArray(Host[]::new);
        int[] weights = new int[array.length];
        Arrays.setAll(weights, i -> array[i].endpoint().workload().capacity());
        return new Group(array, weights, balancer(), with);
    }

    private LoadBalancer balancer() {
        return policy.loadBalancer();
    }
}
