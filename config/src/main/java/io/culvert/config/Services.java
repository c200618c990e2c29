package io.culvert.config;

import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Services and their endpoints. A service with EndpointSlices has the endpoints that they list, one without has the pods
 * that it selects. Owned by: the compiler's thread.
 */
final class Services {
    private final Map<ResourceKey, ServiceResource> services = new HashMap<>();
    private final SelectorIndex selectors = new SelectorIndex();
    private final Map<ResourceKey, EndpointSliceResource> slices = new HashMap<>();
    private final MultiMap<ResourceKey, ResourceKey> slicesOfService = new MultiMap<>();
    private final MultiMap<ResourceKey, ResourceKey> slicesOfPod = new MultiMap<>();
    private final MultiMap<ByteString, ResourceKey> slicesOfAddress = new MultiMap<>();

    static ResourceKey serviceOf(EndpointSliceResource slice) {
        return new ResourceKey(Kind.SERVICE, slice.meta().namespace(), slice.service());
    }

    void change(ResourceKey key, @Nullable ServiceResource before, @Nullable ServiceResource after) {
        if (before != null) {
            services.remove(key);
            if (before.selector() != null) {
                selectors.remove(key, before.selector());
            }
        }
        if (after != null) {
            services.put(key, after);
            if (after.selector() != null) {
                selectors.put(key, after.selector());
            }
        }
    }

    void change(ResourceKey key, @Nullable EndpointSliceResource before, @Nullable EndpointSliceResource after) {
        if (before != null) {
            slices.remove(key);
            slicesOfService.remove(serviceOf(before), key);
            for (EndpointSliceResource.Endpoint endpoint : before.endpoints()) {
                if (endpoint.pod() != null) {
                    slicesOfPod.remove(endpoint.pod(), key);
                } else {
                    endpoint.addresses().forEach(address -> slicesOfAddress.remove(address, key));
                }
            }
        }
        if (after != null && !after.service().isEmpty()) {
            slices.put(key, after);
            slicesOfService.add(serviceOf(after), key);
            for (EndpointSliceResource.Endpoint endpoint : after.endpoints()) {
                if (endpoint.pod() != null) {
                    slicesOfPod.add(endpoint.pod(), key);
                } else {
                    endpoint.addresses().forEach(address -> slicesOfAddress.add(address, key));
                }
            }
        }
    }

    @Nullable
    ServiceResource get(ResourceKey key) {
        return services.get(key);
    }

    @Nullable
    EndpointSliceResource slice(ResourceKey key) {
        return slices.get(key);
    }

    Set<ResourceKey> slicesOf(ResourceKey service) {
        return slicesOfService.get(service);
    }

    /** Slices that list an address without saying which pod has it. */
    Set<ResourceKey> slicesAt(ByteString address) {
        return slicesOfAddress.get(address);
    }

    Iterable<ServiceResource> all() {
        return services.values();
    }

    /** One endpoint of a pod: as which service, and by which slice; no slice when the service selects the pod. */
    record Membership(
            ServiceResource service,
            @Nullable EndpointSliceResource slice,
            EndpointSliceResource.@Nullable Endpoint endpoint) {}

    /**
     * The services of a pod.
     *
     * @param held addresses that the pod really has
     */
    Iterable<Membership> of(PodResource pod, Iterable<ByteString> held) {
        Set<ResourceKey> listing = new TreeSet<>(slicesOfPod.get(pod.key()));
        Set<ByteString> addresses = new LinkedHashSet<>();
        for (ByteString address : held) {
            addresses.add(address);
            listing.addAll(slicesOfAddress.get(address));
        }
        Map<ResourceKey, Membership> memberships = new TreeMap<>();
        for (ResourceKey key : listing) {
            EndpointSliceResource slice = slices.get(key);
            ServiceResource service = slice == null ? null : services.get(serviceOf(slice));
            if (slice == null || service == null) {
                continue;
            }
            for (EndpointSliceResource.Endpoint endpoint : slice.endpoints()) {
                if (lists(endpoint, pod, addresses)) {
                    // A dual-stack service has a slice for each family: the ready one tells.
                    memberships.merge(
                            service.key(),
                            new Membership(service, slice, endpoint),
                            (first, second) -> better(first) ? first : second);
                }
            }
        }
        for (ResourceKey key :
                selectors.matching(pod.meta().namespace(), pod.meta().labels())) {
            ServiceResource service = services.get(key);
            if (service != null && slicesOfService.get(key).isEmpty()) {
                memberships.put(key, new Membership(service, null, null));
            }
        }
        return memberships.values();
    }

    private static boolean better(Membership membership) {
        return membership.endpoint() == null || membership.endpoint().ready();
    }

    private static boolean lists(EndpointSliceResource.Endpoint endpoint, PodResource pod, Set<ByteString> addresses) {
        return endpoint.pod() != null
                ? endpoint.pod().equals(pod.key())
                : endpoint.addresses().stream().anyMatch(addresses::contains);
    }
}
