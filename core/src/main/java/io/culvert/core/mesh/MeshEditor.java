package io.culvert.core.mesh;

import io.culvert.proto.security.Scope;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * Applies one batch to a state: all single changes first, then each touched list of endpoints and group of policies is
 * rebuilt once. Owned by: {@link MeshStore#apply}.
 */
final class MeshEditor {
    private final MeshState base;
    private PMap<String, Workload> workloads;
    private PMap<String, Service> services;
    private PMap<String, NetworkIndex> networks;
    private PMap<String, Candidates> hostnames;
    private PMap<String, Endpoints> endpoints;
    private PMap<String, PMap<String, Workload>> nodes;
    private PMap<String, Policy> policies;
    private PMap<String, PolicyGroup> groups;

    private final Set<String> touchedWorkloads = new HashSet<>();
    private final Set<String> touchedServices = new HashSet<>();
    private final Set<String> touchedPolicies = new HashSet<>();
    /** Service key to uid to its new endpoint. */
    private final Map<String, NavigableMap<String, @Nullable Endpoint>> endpointChanges = new HashMap<>();
    /** Namespace (or GLOBAL) to key to its new policy. */
    private final Map<String, Map<String, Optional<Policy>>> groupChanges = new HashMap<>();

    MeshEditor(MeshState base) {
        this.base = base;
        workloads = base.workloads;
        services = base.services;
        networks = base.networks;
        hostnames = base.hostnames;
        endpoints = base.endpoints;
        nodes = base.nodes;
        policies = base.policies;
        groups = base.groups;
    }

    void apply(MeshUpdate update) {
        update.addresses().forEach(this::address);
        update.policies().forEach((key, policy) -> policy(key, policy.orElse(null)));
        endpointChanges.forEach(this::changeEndpoints);
        groupChanges.forEach(this::changeGroup);
    }

    MeshState state() {
        return new MeshState(workloads, services, networks, hostnames, endpoints, nodes, policies, groups);
    }

    MeshDelta delta() {
        Set<String> namespaces = new HashSet<>(groupChanges.keySet());
        boolean global = namespaces.remove(MeshState.GLOBAL);
        return new MeshDelta(
                touchedWorkloads, touchedServices, endpointChanges.keySet(), touchedPolicies, namespaces, global);
    }

    private void address(String name, Optional<Record> resource) {
        Record changed = resource.orElse(null);
        // A name is one or the other; one that changed its kind leaves nothing behind.
        workload(name, changed instanceof Workload w ? w : null);
        service(name, changed instanceof Service s ? s : null);
    }

    private void workload(String uid, @Nullable Workload next) {
        Workload old = workloads.get(uid);
        if (old == null ? next == null : old.equals(next)) {
            return;
        }
        touchedWorkloads.add(uid);
        if (old != null) {
            unindex(old);
        }
        if (next == null) {
            workloads = workloads.minus(uid);
            return;
        }
        workloads = workloads.plus(uid, next);
        index(next);
    }

    private void unindex(Workload old) {
        if (!old.hostNetwork()) {
            for (Ip ip : old.addresses()) {
                network(old.network(), ip, network(old.network()).unclaim(ip, old.uid()));
            }
        }
        PMap<String, Workload> local = nodes.get(old.node());
        if (local != null) {
            PMap<String, Workload> left = local.minus(old.uid());
            nodes = left.isEmpty() ? nodes.minus(old.node()) : nodes.plus(old.node(), left);
        }
        for (String key : old.services().keySet()) {
            endpointChanges.computeIfAbsent(key, k -> new TreeMap<>()).put(old.uid(), null);
        }
    }

    private void index(Workload next) {
        if (!next.hostNetwork()) {
            for (Ip ip : next.addresses()) {
                network(next.network(), ip, network(next.network()).claim(ip, next));
            }
        }
        PMap<String, Workload> local = nodes.get(next.node());
        nodes = nodes.plus(
                next.node(), (local == null ? HashTreePMap.<String, Workload>empty() : local).plus(next.uid(), next));
        next.services()
                .forEach((key, ports) -> endpointChanges
                        .computeIfAbsent(key, k -> new TreeMap<>())
                        .put(next.uid(), new Endpoint(next, ports)));
    }

    private NetworkIndex network(String name) {
        NetworkIndex index = networks.get(name);
        return index == null ? NetworkIndex.EMPTY : index;
    }

    private void network(String name, Ip changed, NetworkIndex next) {
        Workload before = network(name).owners().get(changed);
        Workload after = next.owners().get(changed);
        if (before != null && after != null && !before.uid().equals(after.uid())) {
            touchedWorkloads.add(before.uid());
            touchedWorkloads.add(after.uid());
        }
        put(name, next);
    }

    private void put(String network, NetworkIndex next) {
        networks = next.isEmpty() ? networks.minus(network) : networks.plus(network, next);
    }

    private void service(String key, @Nullable Service next) {
        Service old = services.get(key);
        if (old == null ? next == null : old.equals(next)) {
            return;
        }
        touchedServices.add(key);
        if (old != null) {
            for (Vip vip : old.vips()) {
                put(vip.network(), network(vip.network()).without(vip.range(), key));
            }
            Candidates left = Candidates.without(hostnames.get(old.hostname()), key);
            hostnames = left == null ? hostnames.minus(old.hostname()) : hostnames.plus(old.hostname(), left);
        }
        if (next == null) {
            services = services.minus(key);
            return;
        }
        services = services.plus(key, next);
        for (Vip vip : next.vips()) {
            put(vip.network(), network(vip.network()).with(vip.range(), next));
        }
        hostnames = hostnames.plus(next.hostname(), Candidates.with(hostnames.get(next.hostname()), next));
    }

    private void policy(String key, @Nullable Policy next) {
        Policy old = policies.get(key);
        if (old == null ? next == null : old.equals(next)) {
            return;
        }
        touchedPolicies.add(key);
        policies = next == null ? policies.minus(key) : policies.plus(key, next);
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
        endpoints = next.isEmpty() ? endpoints.minus(key) : endpoints.plus(key, next);
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
        PolicyGroup next = PolicyGroup.of(List.copyOf(all.values()), List.of());
        groups = all.isEmpty() ? groups.minus(name) : groups.plus(name, next);
    }
}
