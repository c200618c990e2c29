package io.culvert.config;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.culvert.proto.node.ExistingConnections;
import io.culvert.proto.node.PodExtension;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.Extension;
import io.culvert.proto.workload.NetworkMode;
import io.culvert.proto.workload.Port;
import io.culvert.proto.workload.PortList;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.workload.Workload;
import io.culvert.proto.workload.WorkloadStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns a pod and everything that speaks about it into a workload. Owned by: the compiler's thread. */
final class PodCompiler {
    /** Name of the extension by which an agent learns of its own pods. */
    static final String EXTENSION = "culvert.io/pod";

    private final CompilerSettings settings;
    private final Mesh mesh;

    PodCompiler(CompilerSettings settings, Mesh mesh) {
        this.settings = settings;
        this.mesh = mesh;
    }

    /** Name of a pod's workload. */
    static String uid(CompilerSettings settings, ResourceKey pod) {
        return settings.clusterId() + "//Pod/" + pod.namespace() + "/" + pod.name();
    }

    /**
     * What a pod comes to, by name.
     *
     * @param authorizations that it needs of its own
     */
    record Compiled(Map<String, Address> addresses, Map<String, Authorization> authorizations) {
        static final Compiled NOTHING = new Compiled(Map.of(), Map.of());
    }

    /** The workload by its name; nothing for a pod that has ended, or that has neither a node nor an address. */
    Compiled compile(PodResource pod, List<Diagnostic> found) {
        if (pod.terminal() || (pod.node().isEmpty() && pod.addresses().isEmpty())) {
            return Compiled.NOTHING;
        }
        String uid = uid(settings, pod.key());
        NamespaceResource namespace = mesh.namespaces().get(pod.meta().namespace());
        Map<String, String> namespaceLabels =
                namespace == null ? Map.of() : namespace.meta().labels();
        Enrolment enrolment = Enrolment.of(pod, namespaceLabels, settings.istioLabels());
        PodReport report = mesh.reports().get(uid);
        boolean waypoint = WaypointBinding.isWaypoint(pod.meta(), settings.istioLabels());
        boolean enabled = enrolment.enrolled() && report != null && report.getState() == PodReport.State.ENABLED;
        NodeResource node = mesh.nodes().get(pod.node());
        List<ByteString> held = held(pod, found);
        WorkloadName name = WorkloadName.of(pod.meta());
        Workload.Builder workload = Workload.newBuilder()
                .setUid(uid)
                .setName(pod.meta().name())
                .setNamespace(pod.meta().namespace())
                .addAllAddresses(held)
                .setNetwork(settings.network())
                .setTunnelProtocol(enabled || waypoint ? TunnelProtocol.HBONE : TunnelProtocol.NONE)
                .setNativeTunnel(waypoint)
                .setTrustDomain(settings.trustDomain())
                .setServiceAccount(pod.serviceAccount())
                .setNode(pod.node())
                .setCanonicalName(name.canonicalName())
                .setCanonicalRevision(name.canonicalRevision())
                .setWorkloadType(name.type())
                .setWorkloadName(name.name())
                .setClusterId(settings.clusterId())
                .setNetworkMode(pod.hostNetwork() ? NetworkMode.HOST_NETWORK : NetworkMode.STANDARD)
                .addAllAuthorizationPolicies(mesh.policies().keys(pod))
                .addAllAuthorizationPolicies(mesh.peers().keys(pod))
                .addExtensions(extension(pod, enrolment, namespace, node));
        if (node != null) {
            workload.setLocality(node.locality());
        }
        WaypointBinding binding = new ChosenWaypoints(settings, mesh).of(pod);
        if (binding != null) {
            workload.setWaypoint(binding.address(settings));
        }
        WaypointOnly waypointOnly = new WaypointOnly(settings, binding);
        boolean listedReady = addServices(pod, held, workload, waypointOnly);
        Authorization only = waypointOnly.of(pod.key());
        if (only != null) {
            workload.addAuthorizationPolicies(only.getNamespace() + "/" + only.getName());
        }
        boolean healthy = !pod.meta().terminating() && (pod.ready() == null ? listedReady : pod.ready());
        workload.setStatus(healthy ? WorkloadStatus.HEALTHY : WorkloadStatus.UNHEALTHY);
        return new Compiled(
                Map.of(uid, Address.newBuilder().setWorkload(workload).build()), Authorizations.named(only));
    }

    // Of two pods with one address only the first to come has it; nobody knows who answers there.
    private List<ByteString> held(PodResource pod, List<Diagnostic> found) {
        if (!pod.ownsAddresses()) {
            return pod.addresses();
        }
        List<ByteString> held = new ArrayList<>();
        for (ByteString address : pod.addresses()) {
            ResourceKey holder = mesh.pods().holder(address);
            if (holder == null || holder.equals(pod.key())) {
                held.add(address);
            } else {
                found.add(pod.meta()
                        .diagnostic(
                                Severity.ERROR,
                                "status.podIPs",
                                AddressText.format(address) + " is the address of " + holder
                                        + " already, which keeps it; remove the pod that is gone"));
            }
        }
        return held;
    }

    private boolean addServices(
            PodResource pod, List<ByteString> held, Workload.Builder workload, WaypointOnly waypointOnly) {
        boolean listedReady = false;
        // An endpoint at a node's address is not each of the pods that share it.
        List<ByteString> own = pod.ownsAddresses() ? held : List.of();
        for (Services.Membership membership : mesh.services().of(pod, own)) {
            EndpointSliceResource.Endpoint endpoint = membership.endpoint();
            listedReady |= endpoint != null && endpoint.ready() && !endpoint.terminating();
            boolean leaving = endpoint != null
                    && (endpoint.terminating() || (!endpoint.ready() && Boolean.TRUE.equals(pod.ready())));
            if (!pod.meta().terminating() && !leaving && !membership.service().externalName()) {
                PortList ports = ports(pod, membership);
                workload.putServices(
                        ServiceCompiler.name(settings, membership.service().key()), ports);
                waypointOnly(membership.service().meta(), ports, waypointOnly);
            }
        }
        return listedReady;
    }

    private void waypointOnly(Meta service, PortList ports, WaypointOnly waypointOnly) {
        NamespaceResource namespace = mesh.namespaces().get(service.namespace());
        waypointOnly.add(
                WaypointBinding.bypass(service, namespace)
                        ? null
                        : new ChosenWaypoints(settings, mesh).ofService(service),
                ports.getPortsList());
    }

    private static PortList ports(PodResource pod, Services.Membership membership) {
        PortList.Builder list = PortList.newBuilder();
        for (ServiceResource.Port port : membership.service().ports()) {
            Integer target = target(pod, port, membership.slice());
            if (target != null) {
                list.addPorts(Port.newBuilder()
                        .setServicePort(port.port())
                        .setTargetPort(target)
                        .setAppProtocol(port.protocol()));
            }
        }
        return list.build();
    }

    /** The pod's port behind a service's, or null when the pod has none of that name. */
    static @Nullable Integer target(PodResource pod, ServiceResource.Port port, @Nullable EndpointSliceResource slice) {
        if (slice != null) {
            return slice.ports().get(port.name());
        }
        int number = port.targetNumber();
        return number > 0 ? Integer.valueOf(number) : pod.portNames().get(port.target());
    }

    private Extension extension(
            PodResource pod, Enrolment enrolment, @Nullable NamespaceResource namespace, @Nullable NodeResource node) {
        PodExtension.Builder extension = PodExtension.newBuilder()
                .setEnrolled(enrolment.enrolled())
                .setNotEnrolledReason(enrolment.reason())
                .setExistingConnections(namespace == null ? ExistingConnections.KEEP : namespace.existing())
                .setDrainSeconds(namespace == null ? 0 : namespace.drainSeconds())
                .addAllProbes(pod.probes())
                .addAllExcludeInboundPorts(pod.exclusions().inboundPorts())
                .addAllExcludeOutboundPorts(pod.exclusions().outboundPorts())
                .addAllExcludeOutboundCidrs(pod.exclusions().outboundCidrs())
                .setNetworkPolicy(mesh.policies().hasNetworkPolicy(pod))
                .setPodUid(pod.meta().uid());
        if (node != null) {
            extension.addAllNodeAddresses(node.addresses());
        }
        return Extension.newBuilder()
                .setName(EXTENSION)
                .setConfig(Any.pack(extension.build()))
                .build();
    }
}
