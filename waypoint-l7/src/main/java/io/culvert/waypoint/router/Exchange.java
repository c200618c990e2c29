package io.culvert.waypoint.router;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Cors;
import io.culvert.core.route.Fault;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.WeightedBackend;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.telemetry.RequestRecord;
import io.culvert.waypoint.telemetry.ResponseFlag;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request from its head to the end of its response: policy, match, fault, CORS, then an answer of our own or tries of
 * a backend. Uses one table all along. Owned by the request's loop.
 */
final class Exchange implements BodyReceiver {
    /** {@code DECIDING -> (TRYING | DONE); TRYING -> (RESPONDING | UPGRADED | DONE); (RESPONDING | UPGRADED) -> DONE}. */
    private enum Phase {
        DECIDING,
        TRYING,
        RESPONDING,
        UPGRADED,
        DONE
    }

    private final Router router;
    private final Client client;
    private final ServerExchange server;
    private final HttpRule passThrough;
    private final RouteTable table;
    private final RequestRecord record;
    private final RequestBody body;
    private final Deadlines deadlines;
    private final RequestHead head;
    private Phase phase = Phase.DECIDING;
    private HttpRule rule;
    private @Nullable WeightedBackend backend;
    private @Nullable String corsOrigin;
    private @Nullable Tries tries;
    private @Nullable PendingMirrors mirrors;
    private @Nullable Future<?> delay;
    private boolean clientEnded;
    private boolean appEnded;

    Exchange(Router router, Client client, ServerExchange server, HttpRule passThrough) {
        this.router = router;
        this.client = client;
        this.server = server;
        this.passThrough = passThrough;
        this.rule = passThrough;
        this.table = router.table();
        this.body = new RequestBody(server);
        this.deadlines = new Deadlines(server.loop(), this::onTimeout, this::onIdle);
        RequestHead received = server.request();
        this.head = received.with(HeaderEdits.fromClient(received.fields()));
        this.record = new RequestRecord(client, server.loop().ticker().nanoTime());
        describe();
    }

    private void describe() {
        Fields fields = head.fields();
        record.protocol = server.protocol();
        record.method = head.method();
        record.path = cut(head.path());
        record.authority = head.authority();
        record.grpc = GrpcStatus.isGrpc(fields);
        record.userAgent = RequestRecord.cut(fields.get("user-agent"));
        record.forwardedFor = RequestRecord.cut(fields.get("x-forwarded-for"));
        String id = fields.get("x-request-id");
        if (id == null) {
            id = RequestIds.next();
            fields.add("x-request-id", id);
        }
        record.requestId = RequestRecord.cut(id);
    }

    private static String cut(String text) {
        String cut = RequestRecord.cut(text);
        return cut == null ? "" : cut;
    }

    // Deciding

    void start() {
        server.receiver(this);
        RouteRequest request = new RouteRequest(head);
        ServiceRoutes routes = table.service(client.service().key());
        if (routes != null) {
            String refusal = router.policies().refusal(routes.policies(), request, client);
            if (refusal != null) {
                fail(403, "RBAC: access denied", refusal);
                return;
            }
        }
        PortRoutes port = routes == null ? null : routes.port(client.servicePort());
        HttpRoutes http = port == null ? HttpRoutes.NONE : port.http(client.namespace());
        HttpRule found = RouteMatcher.first(http, request);
        if (found == null && http.attached()) {
            record.flag(ResponseFlag.NO_ROUTE);
            fail(404, "no route matched", "route_not_found");
            return;
        }
        rule = found == null ? passThrough : found;
        record.routeName = rule.name();
        limitTimes();
        Fault fault = rule.fault();
        if (fault != null && fault.delay().isPositive() && router.chance().happens(fault.delayMillionths())) {
            record.flag(ResponseFlag.DELAY_INJECTED);
            delay = loop().schedule(this::afterDelay, fault.delay().toNanos(), TimeUnit.NANOSECONDS);
            return;
        }
        afterDelay();
    }

    /** A gRPC client's own deadline counts from its head on, but is never longer than the rule's. */
    private void limitTimes() {
        long request = rule.timeouts().request().toNanos();
        if (record.grpc) {
            long asked = GrpcStatus.timeoutNanos(head.fields().get("grpc-timeout"));
            deadlines.limit(asked > 0 && request > 0 ? Math.min(asked, request) : asked);
        }
        if (body.isEnded()) {
            deadlines.limit(request);
        }
        deadlines.idleAfter(rule.timeouts().idle().toNanos());
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
                String location = Redirects.location(redirect, head, client.servicePort());
                answer(redirect.code(), new Fields().add("location", location), new byte[0]);
            }
            case HttpAction.DirectResponse direct -> {
                record.detail = "direct_response";
                answer(direct.status(), new Fields(), direct.body());
            }
        }
    }

    private void abort(Fault fault) {
        record.flag(ResponseFlag.FAULT_INJECTED);
        record.detail = "fault_filter_abort";
        if (fault.abortGrpcStatus() >= 0) {
            if (record.grpc) {
                answerGrpc(fault.abortGrpcStatus(), "fault filter abort");
                return;
            }
            fail(GrpcStatus.toHttp(fault.abortGrpcStatus()), "fault filter abort", "fault_filter_abort");
            return;
        }
        fail(fault.abortStatus(), "fault filter abort", "fault_filter_abort");
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
        send(200, fields, new byte[0]);
        return true;
    }

    private void forward(HttpAction.Forward action) {
        WeightedBackend chosen = Weights.pick(action.backends(), router.chance());
        if (chosen == null) {
            record.flag(ResponseFlag.NO_CLUSTER);
            fail(500, "no backend", "no backend of rule " + rule.name() + " has a weight above zero");
            return;
        }
        backend = chosen;
        switch (chosen.backend()) {
            case Backend.Invalid invalid -> {
                record.flag(ResponseFlag.NO_CLUSTER);
                fail(invalid.status(), "invalid backend", invalid.reason());
            }
            case Backend.ToCluster to -> {
                Cluster cluster = Router.cluster(table, to);
                if (cluster == null) {
                    record.flag(ResponseFlag.NO_CLUSTER);
                    fail(503, "no such cluster", "cluster " + to.key() + " is not in the route table");
                } else {
                    forward(cluster, chosen);
                }
            }
        }
    }

    private void forward(Cluster cluster, WeightedBackend chosen) {
        phase = Phase.TRYING;
        record.cluster = cluster.key();
        RequestHead outgoing = Outgoing.head(head, rule, chosen);
        mirrors = PendingMirrors.choose(
                rule, new MirrorRequest.Origin(router, loop(), table, source(), server.protocol()), outgoing);
        Tries made = new Tries(
                this,
                router,
                cluster,
                outgoing,
                rule.retry(),
                rule.timeouts().perTry().toNanos(),
                HeaderEdits.attemptCount(server.request().fields()));
        tries = made;
        if (!body.isHeadOnly() && (mirrors != null || made.mayNeedBody())) {
            body.keep(router.settings().replayBytes());
        }
        onRequestPassedOn();
        made.next();
    }

    /** Something of the request was sent: if that was the rest of it, mirrors can have it too. */
    void onRequestPassedOn() {
        PendingMirrors pending = mirrors;
        if (pending != null && body.isPassedOn()) {
            mirrors = null;
            pending.send(body);
        }
    }

    // What the client sends

    @Override
    public void onData(ByteBuf data) {
        if (phase == Phase.DONE) {
            data.release();
            return;
        }
        deadlines.touch();
        body.onData(data);
    }

    @Override
    public void onEnd(@Nullable Fields trailers) {
        if (phase == Phase.UPGRADED) {
            clientEnded = true;
            body.onEnd(null);
            finishUpgraded();
            return;
        }
        if (phase == Phase.DONE || body.isEnded()) {
            return;
        }
        body.onEnd(trailers);
        deadlines.limit(rule.timeouts().request().toNanos());
        onRequestPassedOn();
        if (tries != null) {
            tries.onRequestEnded();
        }
    }

    @Override
    public void onReset(StreamError error, String detail) {
        if (phase == Phase.DONE) {
            return;
        }
        record.flag(
                switch (error) {
                    case CANCELLED, REFUSED, CONNECTION_LOST -> ResponseFlag.CLIENT_GONE;
                    case PROTOCOL, LIMIT -> ResponseFlag.CLIENT_PROTOCOL_ERROR;
                    case TIMEOUT -> ResponseFlag.IDLE;
                    case INTERNAL -> ResponseFlag.LOCAL_RESET;
                });
        record.detail = detail.isEmpty() ? "downstream_remote_disconnect" : RequestRecord.cut(detail);
        finish();
    }

    @Override
    public void onWritable() {
        if (tries != null && phase != Phase.DONE) {
            tries.onClientWritable();
        }
    }

    // What the app sends

    void inform(ResponseHead interim) {
        if (phase == Phase.TRYING) {
            deadlines.touch();
            server.inform(interim);
        }
    }

    void respond(Attempt attempt, ResponseHead response, boolean end) {
        phase = Phase.RESPONDING;
        deadlines.touch();
        prepare(attempt, response);
        if (record.grpc) {
            record.grpcStatus = response.fields().get("grpc-status");
        }
        if (mirrors == null) {
            body.forget();
        }
        server.respond(response, end);
        if (end) {
            finish();
        }
    }

    /** The two sides speak another protocol from now on. */
    void upgrade(Attempt attempt, ResponseHead response) {
        phase = Phase.UPGRADED;
        deadlines.unlimit();
        long idle = rule.timeouts().idle().toNanos();
        deadlines.idleAfter(idle > 0 ? idle : router.settings().upgradeIdle().toNanos());
        prepare(attempt, response);
        server.upgrade(response);
    }

    private void prepare(Attempt attempt, ResponseHead response) {
        record.status = response.status();
        Fields fields = response.fields();
        fields.set(
                "x-envoy-upstream-service-time",
                Long.toString(TimeUnit.NANOSECONDS.toMillis(Math.max(0, record.serviceNanos))));
        String cookie = attempt.setCookie();
        if (cookie != null) {
            fields.add("set-cookie", cookie);
        }
        decorate(fields);
    }

    /** The changes that the backend, the rule and its CORS policy make to every response. */
    private void decorate(Fields fields) {
        if (backend != null) {
            HeaderEdits.apply(backend.responseHeaders(), fields);
        }
        HeaderEdits.apply(rule.responseHeaders(), fields);
        Cors cors = rule.cors();
        if (cors != null && corsOrigin != null) {
            CorsRules.allow(cors, corsOrigin, fields);
            CorsRules.expose(cors, fields);
        }
    }

    void onResponseData(ByteBuf data) {
        record.sent += data.readableBytes();
        deadlines.touch();
        server.write(data);
    }

    void onResponseEnd(@Nullable Fields trailers) {
        if (phase == Phase.UPGRADED) {
            appEnded = true;
            server.end(null);
            finishUpgraded();
            return;
        }
        if (record.grpc && trailers != null && trailers.contains("grpc-status")) {
            record.grpcStatus = trailers.get("grpc-status");
        }
        server.end(trailers);
        finish();
    }

    private void finishUpgraded() {
        if (clientEnded && appEnded) {
            if (tries != null) {
                tries.complete();
            }
            finish();
        }
    }

    // Ends

    private void onTimeout() {
        record.flag(ResponseFlag.TIMEOUT);
        if (tries != null) {
            tries.close(StreamError.TIMEOUT, true);
        }
        fail(504, "upstream request timeout", "response_timeout");
    }

    private void onIdle() {
        record.flag(ResponseFlag.IDLE);
        if (tries != null) {
            tries.close(StreamError.TIMEOUT, body.isEnded());
        }
        fail(body.isEnded() ? 504 : 408, "stream timeout", "stream_idle_timeout");
    }

    /** The response cannot be completed: the client must notice. */
    void breakOff(ResponseFlag flag, String detail) {
        record.flag(flag);
        fail(502, "", detail);
    }

    /** Ends the request with an error of ours, or breaks the response off when it has begun. */
    void fail(int status, String text, String detail) {
        record.detail = detail;
        switch (phase) {
            case DONE -> {}
            case RESPONDING, UPGRADED -> {
                server.reset(StreamError.INTERNAL);
                finish();
            }
            case DECIDING, TRYING -> answer(status, new Fields(), text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private void answer(int status, Fields fields, byte[] content) {
        if (record.grpc) {
            answerGrpc(GrpcStatus.of(status), new String(content, StandardCharsets.UTF_8));
            return;
        }
        decorate(fields);
        send(status, fields, content);
    }

    private void answerGrpc(int status, String text) {
        Fields fields = GrpcStatus.trailersOnly(status, text);
        record.grpcStatus = fields.get("grpc-status");
        decorate(fields);
        send(200, fields, new byte[0]);
    }

    private void send(int status, Fields fields, byte[] content) {
        record.status = status;
        boolean empty = content.length == 0 || head.method().equals("HEAD");
        if (!record.grpc && status != 204 && status != 304) {
            if (content.length > 0 && !fields.contains("content-type")) {
                fields.add("content-type", "text/plain");
            }
            fields.add("content-length", Integer.toString(content.length));
        }
        server.respond(new ResponseHead(status, fields), empty);
        if (!empty) {
            record.sent = content.length;
            server.write(Unpooled.wrappedBuffer(content));
            server.end(null);
        }
        finish();
    }

    private void finish() {
        if (phase == Phase.DONE) {
            return;
        }
        phase = Phase.DONE;
        deadlines.close();
        if (delay != null) {
            delay.cancel(false);
        }
        if (tries != null) {
            tries.close(StreamError.CANCELLED, false);
        }
        if (mirrors != null) {
            mirrors.drop();
        }
        body.close();
        record.received = body.received();
        record.durationNanos = loop().ticker().nanoTime() - record.startNanos();
        router.telemetry().ended(record);
    }

    // What tries ask for

    RequestRecord record() {
        return record;
    }

    RequestBody body() {
        return body;
    }

    RouteTable table() {
        return table;
    }

    EventLoop loop() {
        return server.loop();
    }

    InetAddress source() {
        return client.address().getAddress();
    }

    String clientProtocol() {
        return server.protocol();
    }

    boolean isClientWritable() {
        return server.isWritable();
    }

    boolean isUpgraded() {
        return phase == Phase.UPGRADED;
    }
}
