package io.culvert.core.relay;

import io.culvert.core.hbone.Header;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.telemetry.DestinationService;
import io.culvert.core.telemetry.Peer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What metrics and logs call workloads and services: one object for each, shared by all connections and records. Any
 * thread; the mesh's changes drop what is stale.
 */
public final class Labels {
    private record Known(Workload workload, Peer proved, Peer unproved, Header baggage) {}

    private record KnownService(Service service, DestinationService label) {}

    private final ConcurrentHashMap<String, Known> workloads = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, KnownService> services = new ConcurrentHashMap<>();

    /** A workload with its identity: where the connection proved it, or it is the one served. */
    public Peer proved(@Nullable Workload workload) {
        return workload == null ? Peer.UNKNOWN : known(workload).proved();
    }

    /** A workload that only its address tells. */
    public Peer unproved(@Nullable Workload workload) {
        return workload == null ? Peer.UNKNOWN : known(workload).unproved();
    }

    /** Who it is, for the peers of its tunnels. */
    public Header baggage(Workload workload) {
        return known(workload).baggage();
    }

    // One object per snapshot and workload: comparing the whole records would cost more than the labels.
    @SuppressWarnings("ReferenceEquality")
    private Known known(Workload workload) {
        Known known = workloads.get(workload.uid());
        if (known == null || known.workload() != workload) {
            known = make(workload);
            workloads.put(workload.uid(), known);
        }
        return known;
    }

    private static Known make(Workload w) {
        Peer unproved = new Peer(
                orNull(w.workloadName()),
                orNull(w.name()),
                orNull(w.namespace()),
                orNull(w.canonicalName()),
                orNull(w.canonicalRevision()),
                orNull(w.canonicalName()),
                orNull(w.canonicalRevision()),
                orNull(w.clusterId()),
                null);
        return new Known(w, unproved.withPrincipal(w.identity().toString()), unproved, TunnelHeaders.baggage(w));
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }

    /** What a service is called; null for none. */
    @SuppressWarnings("ReferenceEquality")
    public @Nullable DestinationService service(@Nullable Service service) {
        if (service == null) {
            return null;
        }
        KnownService known = services.get(service.key());
        if (known == null || known.service() != service) {
            known = new KnownService(
                    service, new DestinationService(service.hostname(), service.name(), service.namespace()));
            services.put(service.key(), known);
        }
        return known.label();
    }

    /** These have changed or gone. */
    public void forget(Set<String> uids, Set<String> serviceKeys) {
        uids.forEach(workloads::remove);
        serviceKeys.forEach(services::remove);
    }
}
