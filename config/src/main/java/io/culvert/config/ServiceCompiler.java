package io.culvert.config;

import com.google.protobuf.ByteString;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.Extension;
import io.culvert.proto.workload.NetworkAddress;
import io.culvert.proto.workload.Port;
import io.culvert.proto.workload.PortList;
import io.culvert.proto.workload.Service;
import io.culvert.proto.workload.Workload;
import java.util.HashMap;
import java.util.Map;

/** Turns services, and those of their endpoints that are no pods, into the workload API. Owned by: the compiler's thread. */
final class ServiceCompiler {
    /** Extension of a service, without content: a waypoint that is not ready may be gone round. */
    static final String BYPASS = "culvert.io/waypoint-bypass";

    private final CompilerSettings settings;
    private final Mesh mesh;

    ServiceCompiler(CompilerSettings settings, Mesh mesh) {
        this.settings = settings;
        this.mesh = mesh;
    }

    private static String hostname(CompilerSettings settings, ResourceKey service) {
        return service.name() + "." + service.namespace() + ".svc." + settings.clusterDomain();
    }

    /** {@code namespace/hostname}. */
    static String name(CompilerSettings settings, ResourceKey service) {
        return service.namespace() + "/" + hostname(settings, service);
    }

    Map<String, Address> compile(ServiceResource service) {
        if (service.externalName()) {
            return Map.of();
        }
        Service.Builder built = Service.newBuilder()
                .setName(service.meta().name())
                .setNamespace(service.meta().namespace())
                .setHostname(hostname(settings, service.key()))
                .setIpFamilies(service.families())
                // Of services with one hostname, the Kubernetes one is meant where a client does not say.
                .setCanonical(true);
        for (ByteString address : service.clusterIps()) {
            built.addAddresses(
                    NetworkAddress.newBuilder().setNetwork(settings.network()).setAddress(address));
        }
        for (ServiceResource.Port port : service.ports()) {
            built.addPorts(Port.newBuilder()
                    .setServicePort(port.port())
                    .setTargetPort(Math.max(port.targetNumber(), 0))
                    .setAppProtocol(port.protocol()));
        }
        NamespaceResource namespace = mesh.namespaces().get(service.meta().namespace());
        WaypointBinding binding = new ChosenWaypoints(settings, mesh).ofService(service.meta());
        if (binding != null) {
            built.setWaypoint(binding.address(settings));
            if (WaypointBinding.bypass(service.meta(), namespace)) {
                built.addExtensions(Extension.newBuilder().setName(BYPASS));
            }
        }
        if (service.loadBalancing() != null) {
            built.setLoadBalancing(service.loadBalancing());
        }
        return Map.of(
                name(settings, service.key()),
                Address.newBuilder().setService(built).build());
    }

    /** Workloads of the endpoints of a slice behind which there is no pod: addresses written by hand. */
    Map<String, Address> compile(EndpointSliceResource slice) {
        ServiceResource service = mesh.services().get(Services.serviceOf(slice));
        if (service == null || service.externalName()) {
            return Map.of();
        }
        PortList.Builder ports = PortList.newBuilder();
        for (ServiceResource.Port port : service.ports()) {
            Integer target = slice.ports().get(port.name());
            if (target != null) {
                ports.addPorts(Port.newBuilder()
                        .setServicePort(port.port())
                        .setTargetPort(target)
                        .setAppProtocol(port.protocol()));
            }
        }
        Map<String, Address> workloads = new HashMap<>();
        for (EndpointSliceResource.Endpoint endpoint : slice.endpoints()) {
            if (endpoint.pod() != null || !endpoint.ready() || endpoint.terminating()) {
                continue;
            }
            for (ByteString address : endpoint.addresses()) {
                if (mesh.pods().holder(address) == null) {
                    Workload workload = external(slice, endpoint, address, service, ports.build());
                    workloads.put(
                            workload.getUid(),
                            Address.newBuilder().setWorkload(workload).build());
                }
            }
        }
        return Map.copyOf(workloads);
    }

    private Workload external(
            EndpointSliceResource slice,
            EndpointSliceResource.Endpoint endpoint,
            ByteString address,
            ServiceResource service,
            PortList ports) {
        Workload.Builder workload = Workload.newBuilder()
                .setUid(settings.clusterId() + "/discovery.k8s.io/EndpointSlice/"
                        + slice.meta().namespace() + "/" + slice.meta().name() + "/" + AddressText.format(address))
                .setName(slice.meta().name())
                .setNamespace(slice.meta().namespace())
                .addAddresses(address)
                .setNetwork(settings.network())
                .setTrustDomain(settings.trustDomain())
                .setClusterId(settings.clusterId())
                .setNode(endpoint.node())
                .setCanonicalName(service.meta().name())
                .setCanonicalRevision("latest")
                .setWorkloadName(slice.meta().name())
                .putServices(name(settings, service.key()), ports);
        workload.getLocalityBuilder().setZone(endpoint.zone());
        return workload.build();
    }
}
