package io.culvert.config;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.WeightedBackend;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds what the backends of one route lead to. Owned by: the compilation of the route. */
final class BackendResolver {
    /** What a reference to nowhere costs its share of the requests (Gateway API, HTTPRouteRule, backendRefs). */
    private static final int STATUS = 500;

    private final Meta meta;
    private final List<ParentRef> parents;
    private final Grants grants;
    private final Scope scope;
    private final boolean http;
    private String reason = "";
    private String message = "";

    BackendResolver(Meta meta, List<ParentRef> parents, Grants grants, Scope scope, boolean http) {
        this.meta = meta;
        this.parents = parents;
        this.grants = grants;
        this.scope = scope;
        this.http = http;
    }

    /**
     * The backends of a rule.
     *
     * @param subset of the services that they name; "" for all of each
     */
    List<WeightedBackend> all(List<BackendRef> refs, String subset) {
        List<WeightedBackend> backends = new ArrayList<>();
        for (BackendRef ref : refs) {
            backends.add(
                    new WeightedBackend(one(ref, subset), ref.weight(), ref.requestHeaders(), ref.responseHeaders()));
        }
        return backends;
    }

    /** One backend; what is wrong with it is reported. */
    Backend one(BackendRef ref, String subset) {
        if (ref.broken() != null) {
            // Was reported when it was read.
            unresolved("InvalidKind", ref.broken());
            return new Backend.Invalid(STATUS, ref.broken());
        }
        String name = ref.kind() + " " + ref.namespace() + "/" + ref.name();
        if (!ref.isService()) {
            String group = ref.group().isEmpty() ? "" : " of " + ref.group();
            return invalid(ref, "InvalidKind", "kind " + ref.kind() + group + " is no backend: use a Service");
        }
        if (!ref.namespace().equals(meta.namespace()) && !isOnlyParent(ref) && !grants.allow(meta.key(), ref, scope)) {
            return invalid(
                    ref,
                    "RefNotPermitted",
                    name + " is in another namespace, which has no ReferenceGrant for "
                            + meta.key().kind().label() + "s of namespace " + meta.namespace());
        }
        ServiceResource service = scope.service(ref.namespace(), ref.name());
        if (service == null) {
            return invalid(ref, "BackendNotFound", "there is no " + name);
        }
        Integer number = ref.port();
        ServiceResource.Port port = number == null ? null : service.port(number);
        if (port == null) {
            return invalid(ref, "BackendNotFound", name + " has no port " + number + service.portList());
        }
        if (http && AppProtocols.routed(port.protocol()) == Protocol.TLS) {
            return invalid(
                    ref,
                    "UnsupportedProtocol",
                    "port " + number + " of " + name + " speaks TLS to the app, and a waypoint sends plain HTTP there");
        }
        return new Backend.ToCluster(Cluster.key(scope.serviceKey(service.key()), port.port(), subset));
    }

    // A consumer's route that leads where its clients were going anyway opens nothing (GEP-1294). Any other service
    // does need its namespace's consent: it sees the waypoint's identity, which it may trust more than the clients'.
    private boolean isOnlyParent(BackendRef ref) {
        return parents.stream()
                .allMatch(parent -> parent.isService()
                        && parent.namespace().equals(ref.namespace())
                        && parent.name().equals(ref.name()));
    }

    private Backend invalid(BackendRef ref, String why, String what) {
        String share = http ? "its share of requests is answered with 500" : "its share of connections is reset";
        scope.report(
                meta.diagnostic(Severity.ERROR, ref.place().line(), ref.place().path(), what + ": " + share));
        unresolved(why, what);
        return new Backend.Invalid(STATUS, what);
    }

    /** The route has something that cannot be resolved; the first is told in its status. */
    void unresolved(String why, String what) {
        if (reason.isEmpty()) {
            reason = why;
            message = what;
        }
    }

    /** Condition {@code ResolvedRefs}. */
    RouteStatus.Condition condition() {
        return reason.isEmpty()
                ? new RouteStatus.Condition("ResolvedRefs", true, "ResolvedRefs", "")
                : new RouteStatus.Condition("ResolvedRefs", false, reason, message);
    }

    /** The service and port of a backend that was found; null for another. */
    static @Nullable ResourceKey serviceOf(BackendRef ref, Backend backend) {
        return backend instanceof Backend.ToCluster ? new ResourceKey(Kind.SERVICE, ref.namespace(), ref.name()) : null;
    }
}
