package io.culvert.config;

import io.culvert.config.PeerAuthenticationResource.Mode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * PeerAuthentications by level: mesh (root namespace), namespace, workload. Of several on one level the oldest counts,
 * as in Istio. Owned by: the compiler's thread.
 */
final class PeerAuthentications {
    /** The authorization that denies plaintext; it stands in the root namespace, as Istio's does. */
    static final String STATIC_STRICT = "istio_converted_static_strict";

    private static final String CONVERTED = "converted_peer_authentication_";

    private static final Comparator<PeerAuthenticationResource> OLDEST = Comparator.comparing(
                    (PeerAuthenticationResource policy) -> policy.meta().created(),
                    Comparator.nullsLast(Comparator.naturalOrder()))
            .thenComparing(Resource::key);

    private final String rootNamespace;
    private final Map<ResourceKey, PeerAuthenticationResource> policies = new HashMap<>();
    private final Map<String, TreeSet<PeerAuthenticationResource>> levels = new HashMap<>();
    private final SelectorIndex selectors = new SelectorIndex();
    private final MultiMap<String, ResourceKey> selecting = new MultiMap<>();

    PeerAuthentications(String rootNamespace) {
        this.rootNamespace = rootNamespace;
    }

    void change(
            ResourceKey key, @Nullable PeerAuthenticationResource before, @Nullable PeerAuthenticationResource after) {
        if (before != null) {
            policies.remove(key);
            if (!before.selector().isEmpty()) {
                selectors.remove(key, before.selector());
                selecting.remove(key.namespace(), key);
            } else if (!before.refused()) {
                Set<PeerAuthenticationResource> level = level(key.namespace());
                level.remove(before);
                if (level.isEmpty()) {
                    levels.remove(key.namespace());
                }
            }
        }
        if (after != null) {
            policies.put(key, after);
            if (!after.selector().isEmpty()) {
                selectors.put(key, after.selector());
                selecting.add(key.namespace(), key);
            } else if (!after.refused()) {
                level(key.namespace()).add(after);
            }
        }
    }

    private Set<PeerAuthenticationResource> level(String namespace) {
        return levels.computeIfAbsent(namespace, _ -> new TreeSet<>(OLDEST));
    }

    @Nullable
    PeerAuthenticationResource get(ResourceKey key) {
        return policies.get(key);
    }

    /** The policies without a selector, the one that counts first. */
    Set<PeerAuthenticationResource> of(String namespace) {
        return levels.getOrDefault(namespace, new TreeSet<>(OLDEST));
    }

    /** Names of the policies with a selector. */
    Set<ResourceKey> selecting(String namespace) {
        return selecting.get(namespace);
    }

    /** What the namespace's own policy says. */
    Mode mode(String namespace) {
        TreeSet<PeerAuthenticationResource> level = levels.get(namespace);
        return level == null ? Mode.UNSET : level.first().mode();
    }

    /** Whether plaintext is refused in a namespace where no policy selects the workload. */
    boolean strict(String namespace) {
        return mode(namespace).within(mode(rootNamespace)) == Mode.STRICT;
    }

    /** The authorizations that a pod needs for mutual TLS, as {@code namespace/name}. */
    List<String> keys(PodResource pod) {
        String namespace = pod.meta().namespace();
        List<String> keys = new ArrayList<>();
        List<PeerAuthenticationResource> own = new ArrayList<>();
        for (ResourceKey key : matching(pod)) {
            PeerAuthenticationResource policy = policies.get(key);
            if (policy != null && policy.refused()) {
                keys.add(key.namespace() + "/" + convertedName(key));
            } else if (policy != null
                    && !namespace.equals(rootNamespace)
                    && key.namespace().equals(namespace)) {
                own.add(policy);
            }
        }
        own.sort(OLDEST);
        if (own.isEmpty()) {
            if (strict(namespace)) {
                keys.add(rootNamespace + "/" + STATIC_STRICT);
            }
            return keys;
        }
        PeerAuthenticationResource policy = own.getFirst();
        Conversion conversion = convert(policy);
        if (!conversion.exceptions().isEmpty()) {
            keys.add(namespace + "/" + convertedName(policy.key()));
        } else if (conversion.strict()) {
            keys.add(rootNamespace + "/" + STATIC_STRICT);
        }
        return keys;
    }

    // A refused one in the root namespace closes what it selects anywhere.
    private Set<ResourceKey> matching(PodResource pod) {
        Map<String, String> labels = pod.meta().labels();
        Set<ResourceKey> matching = new TreeSet<>(selectors.matching(pod.meta().namespace(), labels));
        matching.addAll(selectors.matching(rootNamespace, labels));
        return matching;
    }

    static String convertedName(ResourceKey key) {
        return CONVERTED + key.name();
    }

    /**
     * What a workload's policy comes to.
     *
     * @param strict its mode where no port says otherwise
     * @param exceptions the ports for which the opposite holds
     */
    record Conversion(boolean strict, List<Integer> exceptions) {}

    Conversion convert(PeerAuthenticationResource policy) {
        boolean strict = policy.mode() == Mode.UNSET ? strict(policy.meta().namespace()) : policy.mode() == Mode.STRICT;
        SortedMap<Integer, Mode> ports = new TreeMap<>(policy.ports());
        ports.values().removeIf(mode -> mode == Mode.UNSET || (mode == Mode.STRICT) == strict);
        return new Conversion(strict, List.copyOf(ports.keySet()));
    }

    Iterable<PeerAuthenticationResource> all() {
        return policies.values();
    }
}
