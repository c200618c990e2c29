package io.culvert.waypoint.router;

import io.culvert.core.route.Authorization;
import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Cors;
import io.culvert.core.route.Fault;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.WeightedBackend;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.telemetry.RequestRecord;
import io.culvert.waypoint.telemetry.ResponseFlag;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a request, in this order: policy, match, fault, CORS, then an answer of our own or a backend. Says
 * also what rule and backend change in every response. Owned by the request's loop.
 */
final class Decision {
    private final Exchange exchange;
    private final Router router;
    private final Client client;
    private final Authorization.Caller caller;
    private final RequestHead head;
    private final RequestRecord record;
    private HttpRule rule;
    private @Nullable WeightedBackend backend;
    private @Nullable String corsOrigin;
    private @Nullable Future<?> delay;

    /** @param passThrough the rule of requests that no routes were written for */
    Decision(
            Exchange exchange,
            Router router,
            Client client,
            Authorization.Caller caller,
            RequestHead head,
            HttpRule passThrough) {
        this.exchange = exchange;
        this.router = router;
        this.client = client;
        this.caller = caller;
        this.head = head;
        this.record = exchange.record();
        this.rule = passThrough;
    }

    /** The rule that took the request. */
    HttpRule rule() {
        return rule;
    }

    void start() {
        RouteRequest request = new RouteRequest(head);
        ServiceRoutes routes = exchange.table().service(client.to().routesKey());
        String refusal = routes == null ? null : routes.authorization().refusal(caller, request);
        if (refusal != null) {
            String policy = refusal.isEmpty() ? "none" : refusal;
            exchange.fail(403, "RBAC: access denied", "rbac_access_denied_matched_policy[" + policy + "]");
            return;
        }
        PortRoutes port = routes == null ? null : routes.port(client.port());
        HttpRoutes http = port == null ? HttpRoutes.NONE : port.http(client.namespace());
        HttpRule found = http.first(request);
        if (found == null && http.attached()) {
            record.flag(ResponseFlag.NO_ROUTE);
            exchange.fail(404, "no route matched", "route_not_found");
            return;
        }
        rule = found == null ? rule : found;
        record.routeName = rule.name();
        exchange.limitTimes();
        Fault fault = rule.fault();
        if (fault != null && fault.delay().isPositive() && router.chance().happens(fault.delayMillionths())) {
            record.flag(ResponseFlag.DELAY_INJECTED);
            delay = exchange.loop().schedule(this::afterDelay, fault.delay().toNanos(), TimeUnit.NANOSECONDS);
            return;
        }
        afterDelay();
    }

    /** Nothing more is decided. */
    void close() {
        if (delay != null) {
            delay.cancel(false);
            delay = null;
        }
    }

    private void afterDelay() {
        delay = null;
        Fault fault = rule.fault();
        if (fault != null && router.chance().happens(fault.abortMillionths())) {
            abort(fault);
            return;
        }
        Cors cors = rule.cors();
        if (cors != null && answersPreflight(cors)) {
            return;
        }
        switch (rule.action()) {
            case HttpAction.Forward forward -> forward(forward);
            case HttpAction.Redirect redirect -> {
                record.detail = "redirect";
                String location = Redirects.location(redirect, head, client.port());
                exchange.answer(redirect.code(), new Fields().add("location", location), new byte[0]);
            }
            case HttpAction.DirectResponse direct -> {
                record.detail = "direct_response";
                exchange.answer(direct.status(), new Fields(), direct.body());
            }
        }
    }

    private void abort(Fault fault) {
        record.flag(ResponseFlag.FAULT_INJECTED);
        record.detail = "fault_filter_abort";
        if (fault.abortGrpcStatus() < 0) {
            exchange.fail(fault.abortStatus(), "fault filter abort", "fault_filter_abort");
        } else if (record.grpc) {
            exchange.answerGrpc(fault.abortGrpcStatus(), "fault filter abort");
        } else {
            exchange.fail(GrpcStatus.toHttp(fault.abortGrpcStatus()), "fault filter abort", "fault_filter_abort");
        }
    }

    private boolean answersPreflight(Cors cors) {
        String origin = CorsRules.allowedOrigin(cors, head);
        if (!CorsRules.isPreflight(head)) {
            corsOrigin = origin;
            return false;
        }
        if (origin == null && cors.forwardUnmatchedPreflights()) {
            return false;
        }
        Fields fields = new Fields();
        if (origin != null) {
            CorsRules.answer(cors, origin, head, fields);
        }
        record.detail = "cors_response";
        exchange.send(200, fields, new byte[0]);
        return true;
    }

    private void forward(HttpAction.Forward action) {
        WeightedBackend chosen = Weights.pick(action.backends(), router.chance());
        if (chosen == null) {
            record.flag(ResponseFlag.NO_CLUSTER);
            exchange.fail(500, "no backend", "no backend of rule " + rule.name() + " has a weight above zero");
            return;
        }
        backend = chosen;
        switch (chosen.backend()) {
            case Backend.Invalid invalid -> {
                record.flag(ResponseFlag.NO_CLUSTER);
                exchange.fail(invalid.status(), "invalid backend", invalid.reason());
            }
            case Backend.ToCluster to -> {
                // A workload's is in no table, and no route leads to one.
                Cluster cluster = client.to() instanceof Addressed.ToWorkload own
                        ? own.cluster()
                        : Router.cluster(exchange.table(), to);
                if (cluster == null) {
                    record.flag(ResponseFlag.NO_CLUSTER);
                    exchange.fail(503, "no such cluster", "cluster " + to.key() + " is not in the route table");
                } else {
                    exchange.forward(cluster, Outgoing.head(head, rule, chosen));
                }
            }
        }
    }

    /** The changes that the backend, the rule and its CORS policy make to every response. */
    void decorate(Fields response) {
        if (backend != null) {
            HeaderEdits.apply(backend.responseHeaders(), response);
        }
        HeaderEdits.apply(rule.responseHeaders(), response);
        Cors cors = rule.cors();
        if (cors != null && corsOrigin != null) {
            CorsRules.allow(cors, corsOrigin, response);
            CorsRules.expose(cors, response);
        }
    }
}
