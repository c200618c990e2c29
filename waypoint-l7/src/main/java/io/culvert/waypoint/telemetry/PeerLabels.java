package io.culvert.waypoint.telemetry;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.telemetry.DestinationService;
import io.culvert.core.telemetry.Peer;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What metrics call workloads and services: one object for each, renewed when the mesh's own changes. Any thread. */
final class PeerLabels {
    /** What is gone from the mesh is forgotten when there are this many, all at once: it is quickly made anew. */
    private static final int MAX_KNOWN = 20_000;

    private record KnownWorkload(Workload workload, Peer peer) {}

    private record KnownService(Service service, DestinationService label) {}

    private final Supplier<MeshState> mesh;
    private final String network;
    private final ConcurrentHashMap<String, KnownWorkload> workloads = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, KnownService> services = new ConcurrentHashMap<>();

    PeerLabels(Supplier<MeshState> mesh, String network) {
        this.mesh = mesh;
        this.network = network;
    }

    /** The client's workload by its address, if it has the identity that the tunnel proved; else only the identity. */
    Peer source(Client client) {
        Workload workload = client.address().getAddress() == null
                ? null
                : mesh.get().workloadAt(network, Ip.of(client.address().getAddress()));
        if (workload != null && workload.identity().equals(client.identity())) {
            return known(workload);
        }
        return new Peer(
                null,
                null,
                client.namespace(),
                null,
                null,
                null,
                null,
                null,
                client.identity().toString());
    }

    /** The pod that a request went to last; of one that got no further, the pod that it was sent to, if it was a pod. */
    Peer destination(RequestRecord request) {
        if (request.workload != null) {
            return workload(request.workload);
        }
        return switch (request.client.to()) {
            case Addressed.ToWorkload to -> workload(to.workload().uid());
            case Addressed.ToService _ -> Peer.UNKNOWN;
        };
    }

    private Peer workload(String uid) {
        Workload workload = mesh.get().workload(uid);
        return workload == null ? Peer.UNKNOWN : known(workload);
    }

    // One object per snapshot and service: comparing the whole records would cost more than the labels.
    @SuppressWarnings("ReferenceEquality")
    DestinationService service(@Nullable Service service) {
        if (service == null) {
            return DestinationService.UNKNOWN;
        }
        KnownService known = services.get(service.key());
        if (known == null || known.service() != service) {
            known = new KnownService(
                    service, new DestinationService(service.hostname(), service.name(), service.namespace()));
            bounded(services).put(service.key(), known);
        }
        return known.label();
    }

    @SuppressWarnings("ReferenceEquality")
    private Peer known(Workload workload) {
        KnownWorkload known = workloads.get(workload.uid());
        if (known == null || known.workload() != workload) {
            known = new KnownWorkload(workload, peer(workload));
            bounded(workloads).put(workload.uid(), known);
        }
        return known.peer();
    }

    private static <V> ConcurrentHashMap<String, V> bounded(ConcurrentHashMap<String, V> map) {
        if (map.size() >= MAX_KNOWN) {
            map.clear();
        }
        return map;
    }

    private static Peer peer(Workload w) {
        return new Peer(
                orNull(w.workloadName()),
                orNull(w.name()),
                orNull(w.namespace()),
                orNull(w.canonicalName()),
                orNull(w.canonicalRevision()),
                orNull(w.canonicalName()),
                orNull(w.canonicalRevision()),
                orNull(w.clusterId()),
                w.identity().toString());
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
