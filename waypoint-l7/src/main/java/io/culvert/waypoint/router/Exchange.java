package io.culvert.waypoint.router;

import io.culvert.core.route.Authorization;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.Timeouts;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request from its head to the end of its response: what is decided about it, what its client sends, what an app
 * answers, and how it ends. Uses one table all along. Owned by the request's loop.
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
    private final RouteTable table;
    private final RequestRecord record;
    private final RequestBody body;
    private final Deadlines deadlines;
    private final RequestHead head;
    private final Decision decision;
    private Phase phase = Phase.DECIDING;
    private @Nullable Tries tries;
    private @Nullable PendingMirrors mirrors;
    private boolean clientEnded;
    private boolean appEnded;

    Exchange(Router router, Client client, Authorization.Caller caller, ServerExchange server, HttpRule passThrough) {
        this.router = router;
        this.client = client;
        this.server = server;
        this.table = router.table();
        this.body = new RequestBody(server);
        this.deadlines = new Deadlines(this);
        RequestHead received = server.request();
        this.head = received.with(HeaderEdits.fromClient(received.fields()));
        this.record = new RequestRecord(client, server.loop().ticker().nanoTime());
        describe();
        this.decision = new Decision(this, router, client, caller, head, passThrough);
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

    void start() {
        server.receiver(this);
        decision.start();
    }

    /** A gRPC client's own deadline counts from its head on, but is never longer than the rule's. */
    void limitTimes() {
        Timeouts times = decision.rule().timeouts();
        long request = times.request().toNanos();
        if (record.grpc) {
            long asked = GrpcStatus.timeoutNanos(head.fields().get("grpc-timeout"));
            deadlines.limit(asked > 0 && request > 0 ? Math.min(asked, request) : asked);
        }
        if (body.isEnded()) {
            deadlines.limit(request);
        }
        deadlines.idleAfter(times.idle().toNanos());
    }

    /** The request goes to a cluster, as {@code outgoing}. */
    void forward(Cluster cluster, RequestHead outgoing) {
        phase = Phase.TRYING;
        record.cluster = cluster.key();
        HttpRule rule = decision.rule();
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
        deadlines.limit(decision.rule().timeouts().request().toNanos());
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
        long idle = decision.rule().timeouts().idle().toNanos();
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
        attempt.addSession(fields);
        decision.decorate(fields);
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

    void onTimeout() {
        record.flag(ResponseFlag.TIMEOUT);
        if (tries != null) {
            tries.close(StreamError.TIMEOUT, true);
        }
        fail(504, "upstream request timeout", "response_timeout");
    }

    void onIdle() {
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

    /** Ends the request with an answer of ours. */
    void answer(int status, Fields fields, byte[] content) {
        if (record.grpc) {
            answerGrpc(GrpcStatus.of(status), new String(content, StandardCharsets.UTF_8));
            return;
        }
        decision.decorate(fields);
        send(status, fields, content);
    }

    /** Ends the request with a gRPC status of ours. */
    void answerGrpc(int status, String text) {
        Fields fields = GrpcStatus.trailersOnly(status, text);
        record.grpcStatus = fields.get("grpc-status");
        decision.decorate(fields);
        send(200, fields, new byte[0]);
    }

    /** As {@link #answer}, but no rule changes it. */
    void send(int status, Fields fields, byte[] content) {
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
        decision.close();
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
