package io.culvert.core.mesh;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.SpiffeIdException;
import io.culvert.identity.TrustDomain;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.ApplicationTunnel;
import io.culvert.proto.workload.GatewayAddress;
import io.culvert.proto.workload.NetworkAddress;
import io.culvert.proto.workload.NetworkMode;
import io.culvert.proto.workload.Port;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.workload.WorkloadStatus;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns resources of the workload API into state. Applies the API's defaults: trust domain {@code cluster.local},
 * service account {@code default}, cluster {@code Kubernetes}, capacity 1. Any thread.
 */
public final class ResourceDecoder {
    /** Extension of a service, without content: a waypoint that is not ready may be gone round. */
    public static final String WAYPOINT_BYPASS = "culvert.io/waypoint-bypass";

    private static final int HBONE_PORT = 15008;
    static final TrustDomain DEFAULT_TRUST_DOMAIN = new TrustDomain("cluster.local");

    private ResourceDecoder() {}

    /**
     * A workload, with all that is said of it.
     *
     * @throws InvalidResourceException naming the field at fault
     */
    public static Workload workload(io.culvert.proto.workload.Workload w) throws InvalidResourceException {
        return workload(w, w.getNode());
    }

    /**
     * A workload as the agent of {@code localNode} needs it: what the controller says of pods to their own agents is
     * left out of the others, of which there may be a hundred thousand.
     *
     * @throws InvalidResourceException naming the field at fault
     */
    public static Workload workload(io.culvert.proto.workload.Workload w, String localNode)
            throws InvalidResourceException {
        String uid = required(w.getUid(), "uid");
        String account = shared(orDefault(w.getServiceAccount(), "default"));
        String namespace = shared(w.getNamespace());
        if (w.getTunnelProtocol() == TunnelProtocol.LEGACY_ISTIO_MTLS
                || w.getTunnelProtocol() == TunnelProtocol.UNRECOGNIZED) {
            throw new InvalidResourceException(
                    "tunnel_protocol " + w.getTunnelProtocolValue() + " is not supported; use HBONE (1) or NONE (0)");
        }
        WorkloadBuilder builder = Workload.builder(uid, identity(w.getTrustDomain(), namespace, account))
                .name(w.getName())
                .namespace(namespace)
                .serviceAccount(account)
                .network(shared(w.getNetwork()))
                .node(shared(w.getNode()))
                .hbone(w.getTunnelProtocol() == TunnelProtocol.HBONE)
                .nativeTunnel(w.getNativeTunnel())
                .healthy(w.getStatus() == WorkloadStatus.HEALTHY)
                .hostNetwork(w.getNetworkMode() == NetworkMode.HOST_NETWORK)
                .hostname(w.getHostname())
                .capacity(w.hasCapacity() ? Math.max(1, w.getCapacity().getValue()) : 1)
                .canonical(shared(w.getCanonicalName()), shared(w.getCanonicalRevision()))
                .workload(w.getWorkloadType(), shared(w.getWorkloadName()))
                .clusterId(shared(orDefault(w.getClusterId(), "Kubernetes")))
                .waypoint(w.hasWaypoint() ? gateway(w.getWaypoint(), "waypoint") : null)
                .networkGateway(w.hasNetworkGateway() ? gateway(w.getNetworkGateway(), "network_gateway") : null)
                .pod(w.getNode().equals(localNode) ? PodExtensions.find(w.getExtensionsList()) : null);
        for (int i = 0; i < w.getAddressesCount(); i++) {
            builder.address(ip(w.getAddresses(i), "addresses[" + i + "]"));
        }
        w.getServicesMap().forEach((key, ports) -> builder.service(shared(key), ports(ports.getPortsList())));
        w.getAuthorizationPoliciesList().forEach(key -> builder.authorizationPolicy(shared(key)));
        if (w.hasLocality()) {
            builder.locality(Sharing.one(new Locality(
                    shared(w.getLocality().getRegion()),
                    shared(w.getLocality().getZone()),
                    shared(w.getLocality().getSubzone()))));
        }
        if (w.getApplicationTunnel().getProtocol() == ApplicationTunnel.Protocol.PROXY) {
            builder.applicationTunnelPort(w.getApplicationTunnel().getPort());
        }
        return builder.build();
    }

    /**
     * A service.
     *
     * @throws InvalidResourceException naming the field at fault
     */
    public static Service service(io.culvert.proto.workload.Service s) throws InvalidResourceException {
        String hostname = required(s.getHostname(), "hostname");
        List<Vip> vips = new ArrayList<>();
        for (int i = 0; i < s.getAddressesCount(); i++) {
            vips.add(vip(s.getAddresses(i), "addresses[" + i + "]"));
        }
        List<Service.WeightedWaypoint> weighted = new ArrayList<>();
        for (int i = 0; i < s.getWeightedWaypointsCount(); i++) {
            var waypoint = s.getWeightedWaypoints(i);
            weighted.add(new Service.WeightedWaypoint(
                    gateway(waypoint.getDestination(), "weighted_waypoints[" + i + "]"), waypoint.getWeight()));
        }
        return new Service(
                shared(s.getNamespace() + "/" + hostname),
                s.getName(),
                shared(s.getNamespace()),
                hostname,
                vips,
                ports(s.getPortsList()),
                List.copyOf(s.getSubjectAltNamesList()),
                s.hasWaypoint() ? gateway(s.getWaypoint(), "waypoint") : null,
                weighted,
                s.getIngressUseWaypoint(),
                s.hasLoadBalancing()
                        ? new LoadBalancing(
                                s.getLoadBalancing().getRoutingPreferenceList(),
                                s.getLoadBalancing().getMode(),
                                s.getLoadBalancing().getHealthPolicy())
                        : LoadBalancing.DEFAULT,
                s.getIpFamilies(),
                s.getCanonical(),
                s.getVisibility(),
                s.getExtensionsList().stream().anyMatch(e -> e.getName().equals(WAYPOINT_BYPASS)));
    }

    /**
     * A policy under its resource name {@code namespace/name}. Never fails: what this version does not understand is
     * named in {@link Policy#faults()} and denies.
     */
    public static Policy policy(String resourceName, Authorization authorization) {
        return PolicyCompiler.compile(resourceName, authorization, authorization.toByteString());
    }

    /**
     * As above, from the bytes that came, which the policy keeps.
     *
     * @throws InvalidProtocolBufferException when they are not an {@link Authorization}
     */
    public static Policy policy(String resourceName, ByteString bytes) throws InvalidProtocolBufferException {
        return PolicyCompiler.compile(resourceName, Authorization.parseFrom(bytes), bytes);
    }

    /** In place of a policy that cannot be read and has no last good version: denies its namespace. */
    public static Policy unreadablePolicy(String resourceName, String reason) {
        return PolicyCompiler.unreadable(resourceName, reason);
    }

    private static SpiffeId identity(String trustDomain, String namespace, String account)
            throws InvalidResourceException {
        try {
            TrustDomain domain = trustDomain.isEmpty() || trustDomain.equals(DEFAULT_TRUST_DOMAIN.name())
                    ? DEFAULT_TRUST_DOMAIN
                    : new TrustDomain(shared(trustDomain));
            return Sharing.identity(domain, namespace, account);
        } catch (SpiffeIdException e) {
            throw new InvalidResourceException(
                    "trust_domain, namespace and service_account give no SPIFFE ID: " + e.getMessage());
        }
    }

    private static Vip vip(NetworkAddress address, String at) throws InvalidResourceException {
        Ip ip = ip(address.getAddress(), at);
        if (!address.hasLength()) {
            return Vip.of(shared(address.getNetwork()), ip);
        }
        try {
            return new Vip(shared(address.getNetwork()), new Cidr(ip, address.getLength()));
        } catch (IllegalArgumentException e) {
            throw new InvalidResourceException(at + ": " + e.getMessage());
        }
    }

    private static GatewayRef gateway(GatewayAddress g, String at) throws InvalidResourceException {
        int port = g.getHboneMtlsPort() == 0 ? HBONE_PORT : g.getHboneMtlsPort();
        return switch (g.getDestinationCase()) {
            case HOSTNAME ->
                new GatewayRef.ByHostname(
                        shared(g.getHostname().getNamespace()),
                        shared(g.getHostname().getHostname()),
                        port);
            case ADDRESS ->
                new GatewayRef.ByAddress(
                        shared(g.getAddress().getNetwork()), ip(g.getAddress().getAddress(), at), port);
            case DESTINATION_NOT_SET ->
                throw new InvalidResourceException(at + " names neither a host name nor an address");
        };
    }

    private static PortMap ports(List<Port> ports) {
        List<PortMap.ServicePort> list = new ArrayList<>(ports.size());
        for (Port port : ports) {
            list.add(new PortMap.ServicePort(port.getServicePort(), port.getTargetPort(), port.getAppProtocol()));
        }
        return Sharing.one(PortMap.of(list));
    }

    private static Ip ip(ByteString bytes, String at) throws InvalidResourceException {
        try {
            return Ip.of(bytes.toByteArray());
        } catch (IllegalArgumentException e) {
            throw new InvalidResourceException(at + ": " + e.getMessage());
        }
    }

    private static String required(@Nullable String text, String field) throws InvalidResourceException {
        if (text == null || text.isEmpty()) {
            throw new InvalidResourceException(field + " is missing");
        }
        return text;
    }

    private static String orDefault(String text, String fallback) {
        return text.isEmpty() ? fallback : text;
    }

    /** One object for the many equal names of a mesh. Not String.intern(): each young collection goes through all of its table. */
    private static String shared(String text) {
        return text.isEmpty() ? "" : Sharing.one(text);
    }
}
