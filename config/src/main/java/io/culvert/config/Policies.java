package io.culvert.config;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** AuthorizationPolicies and NetworkPolicies, by the pods that they select. Owned by: the compiler's thread. */
final class Policies {
    private final String rootNamespace;
    private final Map<ResourceKey, AuthorizationPolicyResource> policies = new HashMap<>();
    private final SelectorIndex selectors = new SelectorIndex();
    private final Map<ResourceKey, NetworkPolicyResource> networkPolicies = new HashMap<>();
    private final SelectorIndex networkSelectors = new SelectorIndex();

    Policies(String rootNamespace) {
        this.rootNamespace = rootNamespace;
    }

    /** Whether the pods that a policy selects name it. */
    static boolean isAttached(@Nullable AuthorizationPolicyResource policy) {
        return policy != null
                && Authorizations.isEmitted(policy)
                && !policy.selector().isEmpty();
    }

    void change(
            ResourceKey key,
            @Nullable AuthorizationPolicyResource before,
            @Nullable AuthorizationPolicyResource after) {
        if (before != null) {
            policies.remove(key);
            if (isAttached(before)) {
                selectors.remove(key, before.selector());
            }
        }
        if (after != null) {
            policies.put(key, after);
            if (isAttached(after)) {
                selectors.put(key, after.selector());
            }
        }
    }

    void change(ResourceKey key, @Nullable NetworkPolicyResource before, @Nullable NetworkPolicyResource after) {
        if (before != null) {
            networkPolicies.remove(key);
            networkSelectors.remove(key, before.pods());
        }
        if (after != null) {
            networkPolicies.put(key, after);
            networkSelectors.put(key, after.pods());
        }
    }

    @Nullable
    AuthorizationPolicyResource get(ResourceKey key) {
        return policies.get(key);
    }

    /** The policies that a pod names, as {@code namespace/name}; those of the root namespace select anywhere. */
    Set<String> keys(PodResource pod) {
        Set<ResourceKey> matching = new LinkedHashSet<>();
        matching.addAll(selectors.matching(pod.meta().namespace(), pod.meta().labels()));
        matching.addAll(selectors.matching(rootNamespace, pod.meta().labels()));
        Set<String> keys = new TreeSet<>();
        matching.forEach(key -> keys.add(key.path()));
        return keys;
    }

    boolean hasNetworkPolicy(PodResource pod) {
        return !networkSelectors
                .matching(pod.meta().namespace(), pod.meta().labels())
                .isEmpty();
    }

    Iterable<AuthorizationPolicyResource> all() {
        return policies.values();
    }

    Iterable<NetworkPolicyResource> allNetworkPolicies() {
        return networkPolicies.values();
    }
}
