package io.culvert.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The kinds that are read. A further kind is a constant here, a record that implements {@link Resource} and a
 * {@link KindReader}, registered in {@link Kinds}.
 */
enum Kind {
    NAMESPACE("Namespace", "", "v1", false),
    NODE("Node", "", "v1", false),
    SERVICE_ACCOUNT("ServiceAccount", "", "v1", true),
    POD("Pod", "", "v1", true),
    SERVICE("Service", "", "v1", true),
    ENDPOINT_SLICE("EndpointSlice", "discovery.k8s.io", "v1", true),
    DEPLOYMENT("Deployment", "apps", "v1", true),
    NETWORK_POLICY("NetworkPolicy", "networking.k8s.io", "v1", true),
    PEER_AUTHENTICATION("PeerAuthentication", "security.istio.io", "v1 v1beta1", true),
    AUTHORIZATION_POLICY("AuthorizationPolicy", "security.istio.io", "v1 v1beta1", true),
    GATEWAY_CLASS("GatewayClass", "gateway.networking.k8s.io", "v1 v1beta1 v1alpha2", false),
    GATEWAY("Gateway", "gateway.networking.k8s.io", "v1 v1beta1 v1alpha2", true),
    HTTP_ROUTE("HTTPRoute", "gateway.networking.k8s.io", "v1 v1beta1 v1alpha2", true),
    GRPC_ROUTE("GRPCRoute", "gateway.networking.k8s.io", "v1 v1alpha2", true),
    TLS_ROUTE("TLSRoute", "gateway.networking.k8s.io", "v1 v1alpha3 v1alpha2", true),
    TCP_ROUTE("TCPRoute", "gateway.networking.k8s.io", "v1 v1alpha2", true),
    REFERENCE_GRANT("ReferenceGrant", "gateway.networking.k8s.io", "v1 v1beta1 v1alpha2", true),
    BACKEND_TRAFFIC_POLICY("XBackendTrafficPolicy", "gateway.networking.x-k8s.io", "v1alpha1", true),
    VIRTUAL_SERVICE("VirtualService", "networking.istio.io", "v1 v1beta1 v1alpha3", true),
    DESTINATION_RULE("DestinationRule", "networking.istio.io", "v1 v1beta1 v1alpha3", true),
    SERVICE_PROFILE("ServiceProfile", "linkerd.io", "v1alpha2", true);

    private final String label;
    private final String group;
    private final String versions;
    private final boolean namespaced;

    Kind(String label, String group, String versions, boolean namespaced) {
        this.label = label;
        this.group = group;
        this.versions = versions;
        this.namespaced = namespaced;
    }

    /** The kind as it is written in YAML. */
    String label() {
        return label;
    }

    String group() {
        return group;
    }

    List<String> versions() {
        return List.of(versions.split(" "));
    }

    boolean namespaced() {
        return namespaced;
    }

    /** Whether one that is refused, with no good version before, must close what it selects instead of leaving it. */
    boolean failsClosed() {
        return this == PEER_AUTHENTICATION || this == AUTHORIZATION_POLICY || this == NETWORK_POLICY;
    }

    /** Whether waypoints compile it, so that its documents are sent to them. Of pods they get the labels. */
    boolean concernsWaypoints() {
        return switch (this) {
            case NODE, SERVICE_ACCOUNT, POD, ENDPOINT_SLICE, DEPLOYMENT, NETWORK_POLICY, PEER_AUTHENTICATION -> false;
            default -> true;
        };
    }

    /** The kind of this name in this API group, or null. */
    static @Nullable Kind of(String group, String label) {
        for (Kind kind : values()) {
            if (kind.label.equals(label) && kind.group.equals(group)) {
                return kind;
            }
        }
        return null;
    }
}
