package io.culvert.config;

import java.util.List;

/** The APIs that waypoints are configured with, in order of precedence. */
final class RouteSources {
    private RouteSources() {}

    static List<RouteSource> of(CompilerSettings settings) {
        DestinationRules destinations = new DestinationRules(settings);
        return List.of(
                new GatewayRoutes(),
                new BackendTrafficPolicies(),
                new VirtualServices(settings, destinations),
                destinations,
                new ServiceProfiles(settings),
                new RequestAuthorizations(),
                new Gateways());
    }
}
