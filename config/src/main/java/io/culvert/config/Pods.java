package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The pods, by everything by which something else finds them. Owned by: the compiler's thread. */
final class Pods {
    private final Map<ResourceKey, PodResource> pods = new HashMap<>();
    private final LabelIndex labels = new LabelIndex();
    private final MultiMap<String, ResourceKey> byNode = new MultiMap<>();
    private final MultiMap<ByteString, ResourceKey> claimants = new MultiMap<>();

    /**
     * Replaces a pod.
     *
     * @return the pods, this one included, whose claim to an address may have changed
     */
    Set<ResourceKey> change(ResourceKey key, @Nullable PodResource before, @Nullable PodResource after) {
        Set<ResourceKey> touched = new LinkedHashSet<>(Set.of(key));
        Set<ByteString> old = addresses(before);
        Set<ByteString> now = addresses(after);
        for (ByteString address : old) {
            touched.addAll(claimants.get(address));
            if (!now.contains(address)) {
                claimants.remove(address, key);
            }
        }
        for (ByteString address : now) {
            claimants.add(address, key);
            touched.addAll(claimants.get(address));
        }
        if (before != null) {
            byNode.remove(before.node(), key);
        }
        if (after == null) {
            pods.remove(key);
            labels.remove(key);
        } else {
            pods.put(key, after);
            byNode.add(after.node(), key);
            if (before == null || !before.meta().labels().equals(after.meta().labels())) {
                labels.put(key, after.meta().labels());
            }
        }
        return touched;
    }

    static Set<ByteString> addresses(@Nullable PodResource pod) {
        return pod == null || !pod.ownsAddresses() ? Set.of() : new LinkedHashSet<>(pod.addresses());
    }

    @Nullable
    PodResource get(ResourceKey key) {
        return pods.get(key);
    }

    /** The pod that has an address: of several that claim it the one that came first; null when none does. */
    @Nullable
    ResourceKey holder(ByteString address) {
        for (ResourceKey first : claimants.get(address)) {
            return first;
        }
        return null;
    }

    Set<ResourceKey> claimants(ByteString address) {
        return claimants.get(address);
    }

    LabelIndex labels() {
        return labels;
    }

    Set<ResourceKey> onNode(String node) {
        return byNode.get(node);
    }

    Iterable<PodResource> all() {
        return pods.values();
    }
}
