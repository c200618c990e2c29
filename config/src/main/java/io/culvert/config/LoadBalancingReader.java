package io.culvert.config;

import io.culvert.proto.workload.LoadBalancing;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.LoadBalancing.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads how a Service wants to be balanced: internalTrafficPolicy, then trafficDistribution (field or Istio's
 * annotation), as Istio's ambient mode maps them.
 */
final class LoadBalancingReader {
    private static final String ANNOTATION = "networking.istio.io/traffic-distribution";

    private static final List<Scope> SAME_ZONE = List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE);
    private static final List<Scope> SAME_NODE =
            List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE, Scope.SUBZONE, Scope.NODE);

    private LoadBalancingReader() {}

    /** Named as they are written. */
    private enum InternalTrafficPolicy {
        Cluster,
        Local
    }

    /** The balancing, or null when the service asks for nothing special. */
    static @Nullable LoadBalancing read(Fields spec, Meta meta) {
        LoadBalancing.Builder balancing = LoadBalancing.newBuilder();
        boolean local =
                spec.choice("internalTrafficPolicy", InternalTrafficPolicy.class) == InternalTrafficPolicy.Local;
        String distribution =
                spec.text("trafficDistribution", meta.annotations().getOrDefault(ANNOTATION, ""));
        switch (distribution) {
            case "", "Any" -> {}
            case "PreferClose", "PreferSameZone" ->
                balancing.addAllRoutingPreference(SAME_ZONE).setMode(Mode.FAILOVER);
            case "PreferSameNode" ->
                balancing.addAllRoutingPreference(SAME_NODE).setMode(Mode.FAILOVER);
            default ->
                spec.error(
                        "trafficDistribution",
                        "\"" + distribution + "\" is not one of PreferClose, PreferSameZone, PreferSameNode");
        }
        if (local) {
            balancing.clearRoutingPreference().addRoutingPreference(Scope.NODE).setMode(Mode.STRICT);
        }
        if (spec.flag("publishNotReadyAddresses")) {
            balancing.setHealthPolicy(HealthPolicy.ALLOW_ALL);
        }
        LoadBalancing built = balancing.build();
        return built.equals(LoadBalancing.getDefaultInstance()) ? null : built;
    }
}
