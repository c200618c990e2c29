package io.culvert.core.mesh;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Services that share one address or host name: canonical ones first, then by key, so that the choice does not depend
 * on the order of arrival. Immutable.
 */
final class Candidates {
    private static final Comparator<Service> ORDER =
            Comparator.comparing((Service s) -> !s.canonical()).thenComparing(Service::key);

    private final Service[] services;

    private Candidates(List<Service> sorted) {
        services = sorted.toArray(new Service[0]);
    }

    /** {@code base} with {@code service} in place of one of the same key. */
    static Candidates with(@Nullable Candidates base, Service service) {
        List<Service> list = others(base, service.key());
        list.add(service);
        list.sort(ORDER);
        return new Candidates(list);
    }

    /** {@code base} without the service of that key; null when none is left. */
    static @Nullable Candidates without(@Nullable Candidates base, String key) {
        List<Service> list = others(base, key);
        return list.isEmpty() ? null : new Candidates(list);
    }

    /** The visible one of the client's own namespace. */
    @Nullable
    Service inNamespace(String clientNamespace) {
        for (Service service : services) {
            if (service.namespace().equals(clientNamespace)) {
                return service;
            }
        }
        return null;
    }

    /** The best visible one: of the client's namespace, else canonical, else first. */
    @Nullable
    Service best(String clientNamespace) {
        Service own = inNamespace(clientNamespace);
        if (own != null) {
            return own;
        }
        for (Service service : services) {
            if (service.visibleTo(clientNamespace)) {
                return service;
            }
        }
        return null;
    }

    private static List<Service> others(@Nullable Candidates base, String key) {
        List<Service> list = new ArrayList<>();
        if (base != null) {
            for (Service service : base.services) {
                if (!service.key().equals(key)) {
                    list.add(service);
                }
            }
        }
        return list;
    }
}
