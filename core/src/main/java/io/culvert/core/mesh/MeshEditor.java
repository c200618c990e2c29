package io.culvert.core.mesh;

import io.culvert.proto.security.Scope;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Applies one batch to a state, in one part or many: all single changes first, then each touched list of endpoints and
 * group of policies is rebuilt once. Owned by: {@link MeshStore}.
 */
final class MeshEditor {
    private final MeshState base;
    private final HashTrie.Edit<String, Workload> workloads;
    private final HashTrie.Edit<String, Service> services;
    private final HashTrie.Edit<String, Candidates> hostnames;
    private final HashTrie.Edit<String, Endpoints> endpoints;
    private final HashTrie.Edit<String, Policy> policies;
    private final HashTrie.Edit<String, PolicyGroup> groups;
    /** Those that something touched. */
    private final Map<String, NetworkIndex.Edit> networks = new HashMap<>();

    private final Map<String, HashTrie.Edit<String, Workload>> nodes = new HashMap<>();

    private final Set<String> touchedWorkloads = new HashSet<>();
    private final Set<String> touchedServices = new HashSet<>();
    private final Set<String> touchedPolicies = new HashSet<>();
    /** Workloads that an address went from or to. */
    private final Set<String> reowned = new HashSet<>();

    private int parts;
    /** Service key to uid to its new endpoint. */
    private final Map<String, NavigableMap<String, @Nullable Endpoint>> endpointChanges = new HashMap<>();
    /** Namespace (or GLOBAL) to key to its new policy. */
    private final Map<String, Map<String, Optional<Policy>>> groupChanges = new HashMap<>();

    MeshEditor(MeshState base) {
        this.base = base;
        workloads = base.workloads.edit();
        services = base.services.edit();
        hostnames = base.hostnames.edit();
        endpoints = base.endpoints.edit();
        policies = base.policies.edit();
        groups = base.groups.edit();
    }

    void apply(MeshUpdate update) {
        parts++;
        update.addresses().forEach(this::address);
        update.policies().forEach((key, policy) -> policy(key, policy.orElse(null)));
    }

    /** Once, at the end. */
    MeshState state() {
        endpointChanges.forEach(this::changeEndpoints);
        groupChanges.forEach(this::changeGroup);
        HashTrie.Edit<String, NetworkIndex> nextNetworks = base.networks.edit();
        networks.forEach((name, edit) -> {
            NetworkIndex next = edit.done();
            if (next.isEmpty()) {
                nextNetworks.remove(name);
            } else {
                nextNetworks.put(name, next);
            }
        });
        HashTrie.Edit<String, HashTrie<String, Workload>> nextNodes = base.nodes.edit();
        nodes.forEach((name, edit) -> {
            if (edit.size() == 0) {
                nextNodes.remove(name);
            } else {
                nextNodes.put(name, edit.done());
            }
        });
        return new MeshState(
                workloads.done(),
                services.done(),
                nextNetworks.done(),
                hostnames.done(),
                endpoints.done(),
                nextNodes.done(),
                policies.done(),
                groups.done());
    }

    MeshDelta delta() {
        if (parts > 1) {
            touchedWorkloads.removeIf(uid -> Objects.equals(base.workloads.get(uid), workloads.get(uid)));
            touchedServices.removeIf(key -> Objects.equals(base.services.get(key), services.get(key)));
            touchedPolicies.removeIf(key -> Objects.equals(base.policies.get(key), policies.get(key)));
        }
        touchedWorkloads.addAll(reowned);
        Set<String> namespaces = new HashSet<>(groupChanges.keySet());
        boolean global = namespaces.remove(MeshState.GLOBAL);
        return new MeshDelta(
                frozen(touchedWorkloads),
                frozen(touchedServices),
                frozen(endpointChanges.keySet()),
                frozen(touchedPolicies),
                frozen(namespaces),
                global);
    }

    /** Set.copyOf makes a HashSet on the way, which of a large mesh is megabytes. */
    private static Set<String> frozen(Set<String> set) {
        return Set.of(set.toArray(new String[0]));
    }

    private void address(String name, Optional<Record> resource) {
        Record changed = resource.orElse(null);
        // A name is one or the other; one that changed its kind leaves nothing behind.
        workload(name, changed instanceof Workload w ? w : null);
        service(name, changed instanceof Service s ? s : null);
    }

    private void workload(String uid, @Nullable Workload next) {
        Workload old = next == null ? workloads.get(uid) : workloads.replace(uid, next);
        if (old == null ? next == null : old.equals(next)) {
            if (old != null) {
                // The one that is in the indexes.
                workloads.put(uid, old);
            }
            return;
        }
        touchedWorkloads.add(uid);
        if (old != null) {
            unindex(old);
        }
        if (next == null) {
            workloads.remove(uid);
        } else {
            index(next);
        }
    }

    private void unindex(Workload old) {
        if (!old.hostNetwork()) {
            NetworkIndex.Edit network = network(old.network());
            for (Ip ip : old.addresses()) {
                Workload before = network.owner(ip);
                network.unclaim(ip, old.uid());
                owned(before, network.owner(ip));
            }
        }
        node(old.node()).remove(old.uid());
        for (String key : old.services().keySet()) {
            endpointChanges.computeIfAbsent(key, k -> new TreeMap<>()).put(old.uid(), null);
        }
    }

    private void index(Workload next) {
        if (!next.hostNetwork()) {
            NetworkIndex.Edit network = network(next.network());
            for (Ip ip : next.addresses()) {
                Workload before = network.claim(ip, next);
                if (before != null) {
                    owned(before, network.owner(ip));
                }
            }
        }
        node(next.node()).put(next.uid(), next);
        next.services()
                .forEach((key, ports) -> endpointChanges
                        .computeIfAbsent(key, k -> new TreeMap<>())
                        .put(next.uid(), new Endpoint(next, ports)));
    }

    private NetworkIndex.Edit network(String name) {
        return networks.computeIfAbsent(name, n -> {
            NetworkIndex index = base.networks.get(n);
            return (index == null ? NetworkIndex.EMPTY : index).edit();
        });
    }

    private HashTrie.Edit<String, Workload> node(String name) {
        return nodes.computeIfAbsent(name, n -> {
            HashTrie<String, Workload> local = base.nodes.get(n);
            return (local == null ? HashTrie.<String, Workload>empty() : local).edit();
        });
    }

    /** An address went from one workload to another. */
    private void owned(@Nullable Workload before, @Nullable Workload after) {
        if (before != null && after != null && !before.uid().equals(after.uid())) {
            reowned.add(before.uid());
            reowned.add(after.uid());
        }
    }

    private void service(String key, @Nullable Service next) {
        Service old = services.get(key);
        if (old == null ? next == null : old.equals(next)) {
            return;
        }
        touchedServices.add(key);
        if (old != null) {
            for (Vip vip : old.vips()) {
                network(vip.network()).remove(vip.range(), key);
            }
            Candidates left = Candidates.without(hostnames.get(old.hostname()), key);
            if (left == null) {
                hostnames.remove(old.hostname());
            } else {
                hostnames.put(old.hostname(), left);
            }
        }
        if (next == null) {
            services.remove(key);
            return;
        }
        services.put(key, next);
        for (Vip vip : next.vips()) {
            network(vip.network()).add(vip.range(), next);
        }
        hostnames.put(next.hostname(), Candidates.with(hostnames.get(next.hostname()), next));
    }

    private void policy(String key, @Nullable Policy next) {
        Policy old = policies.get(key);
        if (old == null ? next == null : old.equals(next)) {
            return;
        }
        touchedPolicies.add(key);
        if (next == null) {
            policies.remove(key);
        } else {
            policies.put(key, next);
        }
        if (old != null && old.scope() != Scope.WORKLOAD_SELECTOR) {
            group(old).put(key, Optional.empty());
        }
        if (next != null && next.scope() != Scope.WORKLOAD_SELECTOR) {
            group(next).put(key, Optional.of(next));
        }
    }

    private Map<String, Optional<Policy>> group(Policy policy) {
        String name = policy.scope() == Scope.GLOBAL ? MeshState.GLOBAL : policy.namespace();
        return groupChanges.computeIfAbsent(name, k -> new HashMap<>());
    }

    private void changeEndpoints(String key, NavigableMap<String, @Nullable Endpoint> changes) {
        Endpoints old = endpoints.get(key);
        Endpoints next = (old == null ? Endpoints.NONE : old).with(changes);
        if (next.isEmpty()) {
            endpoints.remove(key);
        } else {
            endpoints.put(key, next);
        }
    }

    private void changeGroup(String name, Map<String, Optional<Policy>> changes) {
        PolicyGroup old = base.groups.get(name);
        Map<String, Policy> all = new HashMap<>();
        if (old != null) {
            old.all().forEach(p -> all.put(p.key(), p));
        }
        changes.forEach((key, policy) -> {
            if (policy.isPresent()) {
                all.put(key, policy.get());
            } else {
                all.remove(key);
            }
        });
        if (all.isEmpty()) {
            groups.remove(name);
        } else {
            groups.put(name, PolicyGroup.shared(List.copyOf(all.values())));
        }
    }
}
