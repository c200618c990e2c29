package io.culvert.config;

import io.culvert.proto.workload.GatewayAddress;
import io.culvert.proto.workload.NamespacedHostname;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The waypoint that a service or pod chose by label; without a choice of its own it takes its namespace's. Whether the
 * waypoint is for that kind of traffic is another question ({@link ChosenWaypoints}). Immutable.
 *
 * @param namespace of the Gateway
 * @param name of the Gateway, which is also that of its Service and its service account
 */
record WaypointBinding(String namespace, String name) {
    static final String LABEL = "culvert.io/use-waypoint";
    static final String NAMESPACE_LABEL = "culvert.io/use-waypoint-namespace";

    /** On a service, else on its namespace: {@code bypass} lets clients go round the waypoint, {@code refuse} does not. */
    static final String FAILURE_LABEL = "culvert.io/waypoint-failure";

    /** Gateway API's label of what belongs to a Gateway: a waypoint's own pods and service, which never have one. */
    static final String GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name";

    /** Gateway API's label of the class of what belongs to a Gateway. */
    static final String CLASS_LABEL = "gateway.networking.k8s.io/gateway-class-name";

    private static final String ISTIO_LABEL = "istio.io/use-waypoint";
    private static final String ISTIO_NAMESPACE_LABEL = "istio.io/use-waypoint-namespace";
    private static final int HBONE_PORT = 15008;

    /** The service's own choice, else that of its namespace; null for none. */
    static @Nullable WaypointBinding ofService(Meta service, @Nullable NamespaceResource namespace, boolean istio) {
        if (service.labels().containsKey(GATEWAY_LABEL)) {
            return null;
        }
        String own = chosen(service.labels(), istio);
        Map<String, String> labels =
                own == null && namespace != null ? namespace.meta().labels() : service.labels();
        return binding(labels, service.namespace(), istio);
    }

    /** The pod's own choice, else that of its namespace; null for none. */
    static @Nullable WaypointBinding ofPod(Meta pod, @Nullable NamespaceResource namespace, boolean istio) {
        return ofService(pod, namespace, istio);
    }

    /** The choice of a namespace; null for none. */
    static @Nullable WaypointBinding ofNamespace(NamespaceResource namespace, String name, boolean istio) {
        return binding(namespace.meta().labels(), name, istio);
    }

    /** Whether something bears a label of its own, be it {@code none}. */
    static boolean chooses(Meta meta, boolean istio) {
        return chosen(meta.labels(), istio) != null;
    }

    /** The labels that name a waypoint. */
    static List<String> labels(boolean istio) {
        return istio ? List.of(LABEL, ISTIO_LABEL) : List.of(LABEL);
    }

    /** Its Gateway. */
    ResourceKey key() {
        return new ResourceKey(Kind.GATEWAY, namespace, name);
    }

    /** Whether the pod is a waypoint itself: it speaks HBONE on its own, and is never enrolled. */
    static boolean isWaypoint(Meta pod, boolean istio) {
        String gatewayClass = pod.labels().getOrDefault(CLASS_LABEL, "");
        return gatewayClass.equals("culvert-waypoint") || (istio && gatewayClass.equals("istio-waypoint"));
    }

    private static @Nullable WaypointBinding binding(Map<String, String> labels, String here, boolean istio) {
        String name = chosen(labels, istio);
        if (name == null || name.equals("none")) {
            return null;
        }
        String namespace = labels.get(NAMESPACE_LABEL);
        if (namespace == null && istio) {
            namespace = labels.get(ISTIO_NAMESPACE_LABEL);
        }
        return new WaypointBinding(namespace == null ? here : namespace, name);
    }

    private static @Nullable String chosen(Map<String, String> labels, boolean istio) {
        String name = labels.get(LABEL);
        if (name == null && istio) {
            name = labels.get(ISTIO_LABEL);
        }
        return name == null || name.isEmpty() ? null : name;
    }

    /** The labels that decide, for comparing. */
    static Map<String, String> deciding(Meta meta) {
        Map<String, String> all = new TreeMap<>(meta.labels());
        all.keySet()
                .removeIf(label -> !label.equals(LABEL)
                        && !label.equals(NAMESPACE_LABEL)
                        && !label.equals(FAILURE_LABEL)
                        && !label.equals(GATEWAY_LABEL)
                        && !label.equals(ISTIO_LABEL)
                        && !label.equals(ISTIO_NAMESPACE_LABEL));
        return all;
    }

    /** Whether clients of the service may go round a waypoint that is not ready: it says so, or its namespace does. */
    static boolean bypass(Meta service, @Nullable NamespaceResource namespace) {
        String own = service.labels().get(FAILURE_LABEL);
        String said =
                own == null && namespace != null ? namespace.meta().labels().get(FAILURE_LABEL) : own;
        return "bypass".equals(said);
    }

    /** As the workload API names it: by its service. */
    GatewayAddress address(CompilerSettings settings) {
        return GatewayAddress.newBuilder()
                .setHostname(NamespacedHostname.newBuilder()
                        .setNamespace(namespace)
                        .setHostname(name + "." + namespace + ".svc." + settings.clusterDomain()))
                .setHboneMtlsPort(HBONE_PORT)
                .build();
    }

    /** The SPIFFE identity of the waypoint's pods, without {@code spiffe://}. */
    String principal(CompilerSettings settings) {
        return settings.trustDomain() + "/ns/" + namespace + "/sa/" + name;
    }

    /** Reports values that can name nothing. They count all the same: what cannot be found refuses traffic. */
    static void check(Fields root, Meta meta) {
        for (String label : new String[] {LABEL, NAMESPACE_LABEL}) {
            String value = meta.labels().get(label);
            if (value != null && !NameGrammar.isDnsLabel(value)) {
                Annotations.labelError(
                        root,
                        label,
                        "\"" + value
                                + "\" names no Gateway: connections are refused until the label does, is none, or is"
                                + " removed");
            }
        }
        String failure = meta.labels().get(FAILURE_LABEL);
        if ("bypass".equals(failure) && meta.key().kind() != Kind.POD) {
            Annotations.labelNote(
                    root,
                    FAILURE_LABEL,
                    "waypoints may be gone round: clients do while none is ready, and pods take what is sent to their"
                            + " own addresses");
        }
        if (failure != null && !failure.equals("bypass") && !failure.equals("refuse")) {
            Annotations.labelError(
                    root,
                    FAILURE_LABEL,
                    "\"" + failure
                            + "\" is neither bypass nor refuse: while the waypoint is not ready, connections are refused");
        }
    }
}
