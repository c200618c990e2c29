package io.culvert.config;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which namespaces and service accounts there are: those that are defined, and those in which or as which something
 * runs. Who names one is told when that changes. Owned by: the compiler's thread.
 */
final class Existence {
    private final Map<String, Integer> namespaces = new HashMap<>();
    private final Map<String, Integer> accounts = new HashMap<>();
    private final MultiMap<String, ResourceKey> naming = new MultiMap<>();
    // Told of every change: what they are told to have meant instead may be what changed.
    private final Set<ResourceKey> unresolved = new LinkedHashSet<>();
    private final Set<ResourceKey> dirty;
    private final String rootNamespace;

    /**
     * @param dirty where policies go whose references have to be looked at again
     */
    Existence(String rootNamespace, Set<ResourceKey> dirty) {
        this.rootNamespace = rootNamespace;
        this.dirty = dirty;
    }

    /** Counts a resource in (1) or out (-1). */
    void count(Resource resource, int by) {
        switch (resource) {
            case NamespaceResource namespace ->
                count(namespaces, namespace.meta().name(), namespace.meta().name(), by);
            case PodResource pod -> inhabitant(pod.meta(), pod.serviceAccount(), by);
            case DeploymentResource deployment -> inhabitant(deployment.meta(), deployment.serviceAccount(), by);
            case ServiceAccountResource account ->
                inhabitant(account.meta(), account.meta().name(), by);
            case ServiceResource service ->
                count(namespaces, service.meta().namespace(), service.meta().namespace(), by);
            case NodeResource _,
                    EndpointSliceResource _,
                    NetworkPolicyResource _,
                    PolicyResource _,
                    RouteResource _ -> {}
        }
    }

    private void inhabitant(Meta meta, String account, int by) {
        count(namespaces, meta.namespace(), meta.namespace(), by);
        count(accounts, meta.namespace(), meta.namespace() + "/" + account, by);
    }

    private void count(Map<String, Integer> counts, String namespace, String what, int by) {
        int before = counts.getOrDefault(what, 0);
        if (before + by == 0) {
            counts.remove(what);
        } else {
            counts.put(what, before + by);
        }
        if (before == 0 || before + by == 0) {
            dirty.addAll(naming.get(namespace));
            dirty.addAll(unresolved);
        }
    }

    boolean namespace(String name) {
        return namespaces.containsKey(name) || name.equals(rootNamespace) || name.equals("default");
    }

    /** Every namespace has a service account called default. */
    boolean serviceAccount(String namespace, String name) {
        return name.equals("default") ? namespace(namespace) : accounts.containsKey(namespace + "/" + name);
    }

    Set<String> namespaces() {
        return namespaces.keySet();
    }

    Set<String> accounts() {
        return accounts.keySet();
    }

    /** A policy names a namespace, or no longer does. */
    void names(ResourceKey policy, String namespace, boolean does) {
        if (does) {
            naming.add(namespace, policy);
        } else {
            naming.remove(namespace, policy);
        }
    }

    /** A policy names something that is not there, or no longer does. */
    void unresolved(ResourceKey policy, boolean is) {
        if (is) {
            unresolved.add(policy);
        } else {
            unresolved.remove(policy);
        }
    }
}
