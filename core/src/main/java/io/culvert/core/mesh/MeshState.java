package io.culvert.core.mesh;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One snapshot of the mesh. Immutable; snapshots share what did not change between them. */
public final class MeshState {
    /** Nothing known. */
    public static final MeshState EMPTY = new MeshState(
            HashTrie.empty(),
            HashTrie.empty(),
            HashTrie.empty(),
            HashTrie.empty(),
            HashTrie.empty(),
            HashTrie.empty(),
            HashTrie.empty(),
            HashTrie.empty());

    /** Key of the global group among the namespaces' groups; no namespace has this name. */
    static final String GLOBAL = "";

    final HashTrie<String, Workload> workloads;
    final HashTrie<String, Service> services;
    final HashTrie<String, NetworkIndex> networks;
    final HashTrie<String, Candidates> hostnames;
    final HashTrie<String, Endpoints> endpoints;
    final HashTrie<String, HashTrie<String, Workload>> nodes;
    final HashTrie<String, Policy> policies;
    /** Policies by the namespace they select, GLOBAL for all. */
    final HashTrie<String, PolicyGroup> groups;

    MeshState(
            HashTrie<String, Workload> workloads,
            HashTrie<String, Service> services,
            HashTrie<String, NetworkIndex> networks,
            HashTrie<String, Candidates> hostnames,
            HashTrie<String, Endpoints> endpoints,
            HashTrie<String, HashTrie<String, Workload>> nodes,
            HashTrie<String, Policy> policies,
            HashTrie<String, PolicyGroup> groups) {
        this.workloads = workloads;
        this.services = services;
        this.networks = networks;
        this.hostnames = hostnames;
        this.endpoints = endpoints;
        this.nodes = nodes;
        this.policies = policies;
        this.groups = groups;
    }

    /** The workload of that uid. */
    public @Nullable Workload workload(String uid) {
        return workloads.get(uid);
    }

    /**
     * The workload that owns an address. Host-network workloads own none. Of several claimants a pod that speaks HBONE
     * comes before a pod, before anything else that speaks HBONE, before the rest.
     */
    public @Nullable Workload workloadAt(String network, Ip ip) {
        NetworkIndex index = networks.get(network);
        return index == null ? null : index.owners().get(ip);
    }

    /** All workloads that claim the address, its owner first; more than one is a fault of the configuration. */
    public List<Workload> claimants(String network, Ip ip) {
        NetworkIndex index = networks.get(network);
        List<Workload> contested = index == null ? null : index.contested().get(ip);
        if (contested != null) {
            return contested;
        }
        Workload owner = workloadAt(network, ip);
        return owner == null ? List.of() : List.of(owner);
    }

    /** The service of that key, {@code namespace/hostname}. */
    public @Nullable Service service(String key) {
        return services.get(key);
    }

    /**
     * The service behind a virtual address as a client of {@code clientNamespace} means it: of its own namespace, else
     * canonical, else the first by key; a single address before a range, a longer range before a shorter one unless the
     * shorter one's service is of the client's namespace.
     */
    public @Nullable Service serviceAt(String network, Ip vip, String clientNamespace) {
        NetworkIndex index = networks.get(network);
        return index == null ? null : index.service(vip, clientNamespace);
    }

    /** The service of a host name, by the preference of {@link #serviceAt}. */
    public @Nullable Service serviceNamed(String hostname, String clientNamespace) {
        Candidates candidates = hostnames.get(hostname);
        return candidates == null ? null : candidates.best(clientNamespace);
    }

    /** The endpoints of a service; none for an unknown one. */
    public Endpoints endpoints(String serviceKey) {
        Endpoints found = endpoints.get(serviceKey);
        return found == null ? Endpoints.NONE : found;
    }

    /** The policies that select a workload; a few small allocations. */
    public PolicySet policiesFor(Workload workload) {
        return new PolicySet(group(GLOBAL), group(workload.namespace()), ownPolicies(workload));
    }

    /** The policy of that key, {@code namespace/name}. */
    public @Nullable Policy policy(String key) {
        return policies.get(key);
    }

    /** The workloads that run on a node. */
    public Collection<Workload> localWorkloads(String node) {
        HashTrie<String, Workload> local = nodes.get(node);
        return local == null ? List.of() : local.values();
    }

    /** All workloads, in no order. */
    public Collection<Workload> workloads() {
        return workloads.values();
    }

    /** All services, in no order. */
    public Collection<Service> services() {
        return services.values();
    }

    /** All policies, in no order. */
    public Collection<Policy> policies() {
        return policies.values();
    }

    private PolicyGroup group(String namespace) {
        PolicyGroup group = groups.get(namespace);
        return group == null ? PolicyGroup.EMPTY : group;
    }

    private PolicyGroup ownPolicies(Workload workload) {
        List<String> keys = workload.authorizationPolicies();
        if (keys.isEmpty()) {
            return PolicyGroup.EMPTY;
        }
        List<Policy> known = new ArrayList<>(keys.size());
        List<String> unknown = new ArrayList<>(0);
        for (String key : keys) {
            Policy policy = policies.get(key);
            if (policy == null) {
                unknown.add(key);
            } else {
                known.add(policy);
            }
        }
        return PolicyGroup.of(known, unknown);
    }
}
