package io.culvert.config;

import io.culvert.config.GatewayResource.Listener;
import io.culvert.config.RouteStatus.Condition;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The Gateways that are waypoints, and their class: what there is to say of them. Owned by: the compiler's thread. */
final class Gateways implements RouteSource {
    private static final String SHAPE =
            "a waypoint has one listener, with protocol HBONE and port " + GatewayResource.PORT;

    @Override
    public String name() {
        return "Gateway";
    }

    @Override
    public Set<Kind> kinds() {
        return Set.of(Kind.GATEWAY, Kind.GATEWAY_CLASS);
    }

    @Override
    public void change(ResourceKey key, @Nullable Resource before, @Nullable Resource after, Consumer<Object> touch) {}

    @Override
    public void compile(ResourceKey key, @Nullable Resource resource, Scope scope) {
        if (resource instanceof GatewayResource gateway) {
            gateway(gateway, scope);
        } else if (resource instanceof GatewayClassResource && key.name().equals(GatewayResource.CLASS)) {
            scope.status(new RouteStatus(
                    key.toString(), List.of(new Condition("Accepted", true, "Accepted", "")), List.of()));
        }
    }

    private static void gateway(GatewayResource gateway, Scope scope) {
        Meta meta = gateway.meta();
        if (!gateway.isWaypoint(scope.settings())) {
            boolean istio = gateway.className().equals(GatewayResource.ISTIO_CLASS);
            scope.report(meta.diagnostic(
                    Severity.INFO,
                    "spec.gatewayClassName",
                    "class " + gateway.className() + " is none of this mesh's, ignored"
                            + (istio
                                    ? ": use " + GatewayResource.CLASS + ", or the option --istio-labels"
                                    : "; waypoints have class " + GatewayResource.CLASS)));
            return;
        }
        String fault = fault(gateway);
        Condition accepted = fault == null
                ? new Condition("Accepted", true, "Accepted", "")
                : new Condition("Accepted", false, "ListenersNotValid", fault);
        if (fault != null) {
            scope.report(meta.diagnostic(Severity.ERROR, "spec.listeners", fault));
        }
        scope.status(new RouteStatus(gateway.key().toString(), List.of(accepted), List.of()));
    }

    /** Why a waypoint cannot be run as it is written; null when it can. */
    static @Nullable String fault(GatewayResource gateway) {
        if (gateway.listeners().size() != 1) {
            return SHAPE + "; here are " + gateway.listeners().size();
        }
        Listener listener = gateway.listeners().getFirst();
        return listener.protocol().equals("HBONE") && listener.port() == GatewayResource.PORT
                ? null
                : SHAPE + "; here it is " + listener.protocol() + " and " + listener.port();
    }
}
