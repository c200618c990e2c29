package io.culvert.config;

import io.culvert.config.CompiledRoute.Attachment;
import io.culvert.config.RouteStatus.Condition;
import io.culvert.core.route.Protocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds what one route is attached to. Owned by: the compilation of the route. */
final class RouteParents {
    private final Meta meta;
    private final Scope scope;
    private final Set<Attachment> attachments = new LinkedHashSet<>();
    private final Map<ParentRef, Condition> accepted = new LinkedHashMap<>();
    private final Map<ParentRef, Condition> unbound = new HashMap<>();

    RouteParents(Meta meta, Scope scope) {
        this.meta = meta;
        this.scope = scope;
    }

    void resolve(List<ParentRef> parents) {
        parents.forEach(this::resolve);
    }

    private void resolve(ParentRef ref) {
        if (ref.isService()) {
            service(ref);
        } else if (ref.isGateway()) {
            gateway(ref);
        } else {
            report(
                    Severity.WARNING,
                    ref,
                    "kind " + ref.kind() + (ref.group().isEmpty() ? "" : " of " + ref.group())
                            + " is no parent in this mesh: name a Service");
        }
    }

    private void service(ParentRef ref) {
        ServiceResource service = scope.service(ref.namespace(), ref.name());
        if (service == null) {
            refuse(ref, "NoMatchingParent", "there is no Service " + ref.namespace() + "/" + ref.name());
            return;
        }
        List<ServiceResource.Port> ports = new ArrayList<>(service.ports());
        ports.removeIf(port -> ref.port() != null && ref.port() != port.port());
        ports.removeIf(port -> !ref.section().isEmpty() && !ref.section().equals(port.name()));
        if (ports.isEmpty() && (ref.port() != null || !ref.section().isEmpty())) {
            String wanted = ref.port() == null ? ref.section() : String.valueOf(ref.port());
            refuse(
                    ref,
                    "NoMatchingParent",
                    "Service " + ref.namespace() + "/" + ref.name() + " has no port " + wanted + service.portList());
            return;
        }
        Kind kind = meta.key().kind();
        boolean http = kind == Kind.HTTP_ROUTE || kind == Kind.GRPC_ROUTE;
        if (!http && !ref.namespace().equals(meta.namespace())) {
            refuse(
                    ref,
                    "UnsupportedValue",
                    "a " + kind.label() + " for clients of its own namespace is not supported: put it into namespace "
                            + ref.namespace());
            return;
        }
        protocols(ref, ports);
        if (UsedWaypoint.of(service, scope) == null) {
            String message =
                    service.key() + " has no waypoint, so nobody executes this: give it or its namespace the label "
                            + WaypointBinding.LABEL;
            unbound.put(ref, new Condition("ResolvedWaypoints", false, "MissingUseWaypointLabel", message));
            report(Severity.WARNING, ref, message);
        }
        accepted.put(ref, new Condition("Accepted", true, "Accepted", ""));
        if (ref.port() == null && ref.section().isEmpty()) {
            attachments.add(new Attachment(service.key(), 0));
        } else {
            ports.forEach(port -> attachments.add(new Attachment(service.key(), port.port())));
        }
    }

    // A route that nothing can ever go through is worth a word.
    private void protocols(ParentRef ref, List<ServiceResource.Port> ports) {
        Kind kind = meta.key().kind();
        for (ServiceResource.Port port : ports) {
            Protocol protocol = AppProtocols.routed(port.protocol());
            boolean fits = switch (protocol) {
                case DETECT -> true;
                case HTTP, HTTP2, GRPC -> kind == Kind.HTTP_ROUTE || kind == Kind.GRPC_ROUTE;
                case TLS -> kind == Kind.TLS_ROUTE || kind == Kind.TCP_ROUTE;
                case TCP -> kind == Kind.TCP_ROUTE;
            };
            if (fits) {
                return;
            }
        }
        if (!ports.isEmpty()) {
            report(
                    Severity.WARNING,
                    ref,
                    "nothing goes through this route: port "
                            + ports.getFirst().port() + " is declared as "
                            + AppProtocols.routed(ports.getFirst().protocol()) + " by its appProtocol or name");
        }
    }

    private void gateway(ParentRef ref) {
        Resource resource = scope.get(new ResourceKey(Kind.GATEWAY, ref.namespace(), ref.name()));
        if (resource instanceof GatewayResource gateway && gateway.isWaypoint(scope.settings())) {
            refuse(
                    ref,
                    "NotAllowedByListeners",
                    "a waypoint executes the routes of services: name a Service in parentRefs");
        } else {
            report(Severity.INFO, ref, ref + " is no waypoint: this is not for the mesh");
        }
    }

    private void refuse(ParentRef ref, String reason, String message) {
        accepted.put(ref, new Condition("Accepted", false, reason, message));
        report(Severity.ERROR, ref, message);
    }

    private void report(Severity severity, ParentRef ref, String message) {
        scope.report(meta.diagnostic(severity, ref.place().line(), ref.place().path(), message));
    }

    List<Attachment> attachments() {
        return List.copyOf(attachments);
    }

    /** The route's status, given whether its backends were found. */
    RouteStatus status(Condition resolvedRefs) {
        List<RouteStatus.Parent> parents = new ArrayList<>();
        accepted.forEach((ref, condition) -> {
            List<Condition> conditions = new ArrayList<>(List.of(condition, resolvedRefs));
            Condition missing = unbound.get(ref);
            if (missing != null) {
                conditions.add(missing);
            }
            parents.add(new RouteStatus.Parent(ref.toString(), conditions));
        });
        return new RouteStatus(meta.key().toString(), List.of(), parents);
    }
}
