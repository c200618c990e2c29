package io.culvert.core.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whatever came in whatever order: the state is the one that a rebuild from the survivors gives. */
class MeshStateRandomTest {
    private static final List<String> NAMESPACES = List.of("a", "b", "c");

    private final long seed = Long.getLong("culvert.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    private Workload workload() {
        WorkloadBuilder builder = Samples.pod(pick(NAMESPACES), "w" + random.nextInt(12));
        for (int i = random.nextInt(3); i > 0; i--) {
            builder.address(Ip.parse((random.nextBoolean() ? "10.0.0." : "fd00::") + (1 + random.nextInt(9))));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            builder.service("a/s" + random.nextInt(4) + ".example", PortMap.of(80, 8080 + random.nextInt(2)));
        }
        if (random.nextInt(4) == 0) {
            builder.authorizationPolicy(pick(NAMESPACES) + "/p" + random.nextInt(4));
        }
        return builder.node("n" + random.nextInt(3))
                .network(random.nextInt(5) == 0 ? "far" : "")
                .hbone(random.nextBoolean())
                .healthy(random.nextInt(4) != 0)
                .hostNetwork(random.nextInt(6) == 0)
                .build();
    }

    private Service service() {
        String[] vips = new String[random.nextInt(3)];
        for (int i = 0; i < vips.length; i++) {
            vips[i] = random.nextBoolean()
                    ? "10.96.0." + random.nextInt(6)
                    : "10." + (96 + random.nextInt(2)) + ".0.0/" + (12 + random.nextInt(8));
        }
        return Samples.service(pick(NAMESPACES), "s" + random.nextInt(4) + ".example", vips);
    }

    private Policy policy() {
        String namespace = pick(NAMESPACES);
        String name = "p" + random.nextInt(4);
        Authorization.Builder source = Authorization.newBuilder()
                .setName(name)
                .setNamespace(namespace)
                .setScope(Scope.forNumber(random.nextInt(3)))
                .setAction(Action.forNumber(random.nextInt(2)))
                .setDryRun(random.nextInt(5) == 0);
        if (random.nextBoolean()) {
            source.addRules(Rule.getDefaultInstance());
        }
        return ResourceDecoder.policy(namespace + "/" + name, source.build());
    }

    @Test
    void incrementalApplyEqualsRebuild() {
        System.err.println("seed " + seed + " (repeat with -Dculvert.seed=" + seed + ")");
        MeshStore store = new MeshStore();
        Map<String, Object> survivors = new HashMap<>();
        for (int round = 0; round < 200; round++) {
            MeshUpdate.Builder batch = MeshUpdate.builder();
            for (int i = random.nextInt(6); i >= 0; i--) {
                change(batch, survivors);
            }
            MeshState before = store.current();
            MeshDelta delta = store.apply(batch.build());
            expectRebuilt(round, before, store.current(), survivors, delta);
        }
    }

    /** The state is that which its resources make at once, and the delta names all that changed. */
    private void expectRebuilt(
            int round, MeshState before, MeshState now, Map<String, Object> survivors, MeshDelta delta) {
        MeshStore rebuilt = new MeshStore();
        rebuilt.apply(Samples.update(survivors.values().toArray()));
        assertThat(fingerprint(now)).as("seed %d round %d", seed, round).isEqualTo(fingerprint(rebuilt.current()));
        assertThat(changedUids(before, now)).as("seed %d round %d", seed, round).isSubsetOf(delta.workloads());
    }

    /** A batch in parts is the batch in one; nobody sees a part of it. */
    @Test
    void stagedPartsEqualOneBatch() {
        System.err.println("seed " + seed + " (repeat with -Dculvert.seed=" + seed + ")");
        MeshStore store = new MeshStore();
        Map<String, Object> survivors = new HashMap<>();
        for (int round = 0; round < 200; round++) {
            MeshState before = store.current();
            for (int part = random.nextInt(4); part >= 0; part--) {
                MeshUpdate.Builder batch = MeshUpdate.builder();
                for (int i = random.nextInt(4); i >= 0; i--) {
                    change(batch, survivors);
                }
                store.stage(batch.build());
                assertThat(store.current()).isSameAs(before);
            }
            MeshDelta delta = store.publish();
            expectRebuilt(round, before, store.current(), survivors, delta);
        }
    }

    @Test
    void whatOnePartChangesAndTheNextChangesBackIsNotChanged() {
        MeshStore store = new MeshStore();
        Workload pod = Samples.pod("a", "w").build();
        store.apply(Samples.update(pod));
        MeshState before = store.current();

        store.stage(MeshUpdate.builder().removeAddress(pod.uid()).build());
        store.stage(Samples.update(pod));

        assertThat(store.publish().isEmpty()).isTrue();
        assertThat(store.current()).isSameAs(before);
        assertThat(store.publish().isEmpty()).isTrue();
    }

    private void change(MeshUpdate.Builder batch, Map<String, Object> survivors) {
        switch (random.nextInt(6)) {
            case 0, 1 -> {
                Workload w = workload();
                batch.put(w);
                survivors.put("x " + w.uid(), w);
            }
            case 2 -> {
                Service s = service();
                batch.put(s);
                survivors.put("x " + s.key(), s);
            }
            case 3 -> {
                Policy p = policy();
                batch.put(p);
                survivors.put("p " + p.key(), p);
            }
            case 4 -> {
                String name =
                        random.nextBoolean() ? workload().uid() : service().key();
                batch.removeAddress(name);
                survivors.remove("x " + name);
            }
            default -> {
                String key = policy().key();
                batch.removePolicy(key);
                survivors.remove("p " + key);
            }
        }
    }

    private static Set<String> changedUids(MeshState before, MeshState after) {
        Set<String> changed = new HashSet<>();
        for (String uid : union(before.workloads.keySet(), after.workloads.keySet())) {
            if (!Objects.equals(before.workload(uid), after.workload(uid))) {
                changed.add(uid);
            }
        }
        return changed;
    }

    private static <T> Set<T> union(Set<T> a, Set<T> b) {
        Set<T> all = new HashSet<>(a);
        all.addAll(b);
        return all;
    }

    private static Map<String, Object> fingerprint(MeshState state) {
        Map<String, Object> all = new HashMap<>();
        all.put("workloads", Map.copyOf(state.workloads));
        all.put("services", Map.copyOf(state.services));
        all.put("networks", Set.copyOf(state.networks.keySet()));
        all.put(
                "nodes",
                state.nodes.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> Map.copyOf(e.getValue()))));
        all.put(
                "endpoints",
                state.endpoints.entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey,
                                e -> List.of(e.getValue().all(), e.getValue().healthy()))));
        all.put("policies", Map.copyOf(state.policies));
        all.put(
                "groups",
                state.groups.entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, e -> e.getValue().all())));
        for (String network : List.of("", "far")) {
            for (String ip : ips()) {
                all.put(network + " at " + ip, state.claimants(network, Ip.parse(ip)));
                for (String client : List.of("a", "b", "other")) {
                    Service found = state.serviceAt(network, Ip.parse(ip), client);
                    all.put(network + " vip " + ip + " " + client, found == null ? "none" : found);
                }
            }
        }
        return all;
    }

    private static List<String> ips() {
        return List.of(
                "10.0.0.1",
                "10.0.0.2",
                "10.0.0.5",
                "fd00::1",
                "fd00::7",
                "10.96.0.0",
                "10.96.0.3",
                "10.97.0.3",
                "10.99.0.1");
    }
}
