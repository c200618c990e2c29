package io.culvert.core.mesh;

import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.LoadBalancing.Scope;
import java.util.List;

/** How endpoints of a service are preferred. Immutable. */
public record LoadBalancing(List<Scope> routingPreference, Mode mode, HealthPolicy healthPolicy) {
    /** No preference, healthy endpoints only. */
    public static final LoadBalancing DEFAULT =
            new LoadBalancing(List.of(), Mode.UNSPECIFIED_MODE, HealthPolicy.ONLY_HEALTHY);

    public LoadBalancing {
        routingPreference = List.copyOf(routingPreference);
    }
}
