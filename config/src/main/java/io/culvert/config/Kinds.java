package io.culvert.config;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The registry of kinds: who reads which, and what is known to exist without being read. */
final class Kinds {
    private static final Map<Kind, KindReader> READERS = new EnumMap<>(Map.ofEntries(
            Map.entry(Kind.NAMESPACE, new NamespaceReader()),
            Map.entry(Kind.NODE, new NodeReader()),
            Map.entry(Kind.SERVICE_ACCOUNT, new ServiceAccountReader()),
            Map.entry(Kind.POD, new PodReader()),
            Map.entry(Kind.SERVICE, new ServiceReader()),
            Map.entry(Kind.ENDPOINT_SLICE, new EndpointSliceReader()),
            Map.entry(Kind.DEPLOYMENT, new DeploymentReader()),
            Map.entry(Kind.NETWORK_POLICY, new NetworkPolicyReader()),
            Map.entry(Kind.PEER_AUTHENTICATION, new PeerAuthenticationReader()),
            Map.entry(Kind.AUTHORIZATION_POLICY, new AuthorizationPolicyReader()),
            Map.entry(Kind.GATEWAY_CLASS, new GatewayClassReader()),
            Map.entry(Kind.GATEWAY, new GatewayReader()),
            Map.entry(Kind.HTTP_ROUTE, new HttpRouteReader()),
            Map.entry(Kind.GRPC_ROUTE, new GrpcRouteReader()),
            Map.entry(Kind.TLS_ROUTE, new StreamRouteReader(true)),
            Map.entry(Kind.TCP_ROUTE, new StreamRouteReader(false)),
            Map.entry(Kind.REFERENCE_GRANT, new ReferenceGrantReader()),
            Map.entry(Kind.BACKEND_TRAFFIC_POLICY, new BackendTrafficPolicyReader()),
            Map.entry(Kind.VIRTUAL_SERVICE, new VirtualServiceReader()),
            Map.entry(Kind.DESTINATION_RULE, new DestinationRuleReader()),
            Map.entry(Kind.SERVICE_PROFILE, new ServiceProfileReader())));

    /** By API group, "" being Kubernetes' core. Kinds that configure meshes first. */
    private static final Map<String, Set<String>> UNUSED = Map.ofEntries(
            Map.entry(
                    "networking.istio.io",
                    Set.of(
                            "EnvoyFilter",
                            "Gateway",
                            "ProxyConfig",
                            "ServiceEntry",
                            "Sidecar",
                            "WorkloadEntry",
                            "WorkloadGroup")),
            Map.entry("security.istio.io", Set.of("RequestAuthentication")),
            Map.entry("telemetry.istio.io", Set.of("Telemetry")),
            Map.entry("extensions.istio.io", Set.of("TrafficExtension", "WasmPlugin")),
            Map.entry("gateway.networking.k8s.io", Set.of("BackendTLSPolicy", "ListenerSet", "UDPRoute")),
            Map.entry(
                    "",
                    Set.of(
                            "ConfigMap",
                            "Endpoints",
                            "Event",
                            "LimitRange",
                            "PersistentVolume",
                            "PersistentVolumeClaim",
                            "PodTemplate",
                            "ReplicationController",
                            "ResourceQuota",
                            "Secret")),
            Map.entry("apps", Set.of("ControllerRevision", "DaemonSet", "ReplicaSet", "StatefulSet")),
            Map.entry("batch", Set.of("CronJob", "Job")),
            Map.entry("autoscaling", Set.of("HorizontalPodAutoscaler")),
            Map.entry("policy", Set.of("PodDisruptionBudget")),
            Map.entry("networking.k8s.io", Set.of("IPAddress", "Ingress", "IngressClass", "ServiceCIDR")),
            Map.entry("rbac.authorization.k8s.io", Set.of("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")),
            Map.entry("apiextensions.k8s.io", Set.of("CustomResourceDefinition")),
            Map.entry(
                    "admissionregistration.k8s.io",
                    Set.of(
                            "MutatingWebhookConfiguration",
                            "ValidatingAdmissionPolicy",
                            "ValidatingAdmissionPolicyBinding",
                            "ValidatingWebhookConfiguration")),
            Map.entry("coordination.k8s.io", Set.of("Lease")),
            Map.entry("node.k8s.io", Set.of("RuntimeClass")),
            Map.entry("scheduling.k8s.io", Set.of("PriorityClass")),
            Map.entry("storage.k8s.io", Set.of("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment")));

    private static final Pattern VERSION = Pattern.compile("v[0-9]+((alpha|beta)[0-9]+)?");

    private Kinds() {}

    static KindReader reader(Kind kind) {
        KindReader reader = READERS.get(kind);
        if (reader == null) {
            throw new IllegalStateException("no reader for " + kind);
        }
        return reader;
    }

    /** Whether the kind exists and is just not used yet. */
    static boolean isKnown(String group, String version, String kind) {
        return UNUSED.getOrDefault(group, Set.of()).contains(kind)
                && VERSION.matcher(version).matches();
    }

    /** The kind that was probably meant by a name that its group does not have. */
    static @Nullable String nearest(String group, String kind) {
        List<String> names = new ArrayList<>(UNUSED.getOrDefault(group, Set.of()));
        for (Kind known : Kind.values()) {
            if (known.group().equals(group)) {
                names.add(known.label());
            }
        }
        return Suggestion.nearest(kind, names);
    }

    /** The group to which a kind of this name belongs, or null. */
    static @Nullable Kind anywhere(String label) {
        for (Kind kind : Kind.values()) {
            if (kind.label().equals(label)) {
                return kind;
            }
        }
        return null;
    }
}
