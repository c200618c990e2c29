package io.culvert.config;

import java.util.List;

/** The APIs that waypoints are configured with, in order of precedence. */
final class RouteSources {
    private RouteSources() {}

    static List<RouteSource> of(CompilerSettings settings) {
        return List.of(new GatewayRoutes(), new BackendTrafficPolicies(), new Gateways());
    }
}
