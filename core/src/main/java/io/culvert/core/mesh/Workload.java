package io.culvert.core.mesh;

import io.culvert.identity.SpiffeId;
import io.culvert.proto.workload.WorkloadType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pod, or something else with addresses of its own. Immutable.
 *
 * @param uid {@code cluster/group/kind/namespace/name}, the key
 * @param hbone whether peers must tunnel to it (tunnel_protocol HBONE)
 * @param nativeTunnel speaks HBONE itself, without a node proxy
 * @param hostNetwork shares its node's addresses, so an address does not name it
 * @param hostname for a workload without addresses: resolved at use
 * @param capacity weight among endpoints, at least 1
 * @param services service key to the ports on which this workload is an endpoint of it
 * @param authorizationPolicies keys {@code namespace/name} of policies that select this workload
 * @param applicationTunnelPort port of the PROXY-protocol tunnel of the application, 0 for none
 * @param pod null for what is not a pod of a Culvert controller
 */
public record Workload(
        String uid,
        String name,
        String namespace,
        String serviceAccount,
        SpiffeId identity,
        List<Ip> addresses,
        String network,
        String node,
        boolean hbone,
        boolean nativeTunnel,
        boolean healthy,
        boolean hostNetwork,
        String hostname,
        Locality locality,
        int capacity,
        String canonicalName,
        String canonicalRevision,
        WorkloadType workloadType,
        String workloadName,
        String clusterId,
        Map<String, PortMap> services,
        List<String> authorizationPolicies,
        @Nullable GatewayRef waypoint,
        @Nullable GatewayRef networkGateway,
        int applicationTunnelPort,
        @Nullable PodInfo pod) {

    public Workload {
        addresses = List.copyOf(addresses);
        services = Map.copyOf(services);
        authorizationPolicies = List.copyOf(authorizationPolicies);
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity of " + uid + " must be at least 1, not " + capacity);
        }
    }

    /** A builder with the API's defaults: trust domain, addresses and everything else are added to it. */
    public static WorkloadBuilder builder(String uid, SpiffeId identity) {
        return new WorkloadBuilder(uid, identity);
    }

    /** Whether the workload is a Kubernetes pod, by its uid. */
    public boolean isPod() {
        return uid.contains("//Pod/");
    }

    /** The same at one of its addresses: for who was asked for that very one. */
    public Workload at(Ip address) {
        return addresses.size() == 1 && addresses.getFirst().equals(address)
                ? this
                : new Workload(
                        uid,
                        name,
                        namespace,
                        serviceAccount,
                        identity,
                        List.of(address),
                        network,
                        node,
                        hbone,
                        nativeTunnel,
                        healthy,
                        hostNetwork,
                        hostname,
                        locality,
                        capacity,
                        canonicalName,
                        canonicalRevision,
                        workloadType,
                        workloadName,
                        clusterId,
                        services,
                        authorizationPolicies,
                        waypoint,
                        networkGateway,
                        applicationTunnelPort,
                        pod);
    }

    /** Rank among workloads that claim one address; the highest owns it. */
    int addressRank() {
        return (isPod() ? 2 : 0) + (hbone ? 1 : 0);
    }
}
