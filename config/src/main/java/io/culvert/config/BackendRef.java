package io.culvert.config;

import io.culvert.core.route.HeaderChanges;
import org.jspecify.annotations.Nullable;

/**
 * Where a share of requests or connections is sent to, as a route names it. Immutable.
 *
 * @param group "" is Kubernetes' core
 * @param port null when it is not given
 * @param broken why what comes to it is answered with 500 whatever it names; null when it is not
 */
record BackendRef(
        String group,
        String kind,
        String namespace,
        String name,
        @Nullable Integer port,
        int weight,
        HeaderChanges requestHeaders,
        HeaderChanges responseHeaders,
        @Nullable String broken,
        Fields.Place place) {
    boolean isService() {
        return group.isEmpty() && kind.equals("Service");
    }
}
