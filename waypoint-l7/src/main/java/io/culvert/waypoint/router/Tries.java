package io.culvert.waypoint.router;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.cluster.Upstreams;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.telemetry.ResponseFlag;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The tries of one request: one at a time, until one gives a response that is passed on or there may be no further one.
 * A request that another proxy is trying again already, as its attempt count says, is tried once only: nested retries
 * would multiply. Owned by the request's loop.
 */
final class Tries {
    /** Tries that may be refused at once, each within the one before: more of them wait for the loop's next turn. */
    private static final int MAX_NESTED = 8;

    private final Exchange exchange;
    private final Router router;
    private final Cluster cluster;
    private final RequestHead head;
    private final RetryPolicy policy;
    private final long perTryNanos;
    private final int priorAttempts;
    private Set<String> tried = Set.of();
    private @Nullable Attempt current;
    private @Nullable Future<?> perTry;
    private @Nullable Future<?> backoff;
    private int retries;

    /**
     * @param priorAttempts tries of this request by proxies before us, from 1
     * @param perTryNanos 0: no limit
     */
    Tries(
            Exchange exchange,
            Router router,
            Cluster cluster,
            RequestHead head,
            RetryPolicy policy,
            long perTryNanos,
            int priorAttempts) {
        this.exchange = exchange;
        this.router = router;
        this.cluster = cluster;
        this.head = head;
        this.policy = priorAttempts > 1 ? RetryPolicy.NONE : policy;
        this.perTryNanos = perTryNanos;
        this.priorAttempts = priorAttempts;
    }

    /** Whether what is sent must be kept for a further try. */
    boolean mayNeedBody() {
        return policy.retries() > 0;
    }

    void next() {
        RequestHead sent = head;
        if (retries == 0) {
            head.fields().set(HeaderEdits.ATTEMPT_COUNT, Integer.toString(priorAttempts));
        } else {
            // The codec of an earlier try may still hold the first one's fields.
            Fields fields = head.fields().copy();
            fields.set(HeaderEdits.ATTEMPT_COUNT, Integer.toString(priorAttempts + retries));
            sent = head.with(fields);
        }
        exchange.record().attempts = retries + 1;
        Attempt attempt = new Attempt(this, sent, retries > 0);
        current = attempt;
        limitTry();
        attempt.begin();
    }

    /** The client has sent all of its request: from now on the app is waited for. */
    void onRequestEnded() {
        if (current != null && !current.isAnswered()) {
            limitTry();
        }
    }

    private void limitTry() {
        if (perTryNanos > 0 && perTry == null && body().isEnded()) {
            perTry = loop().schedule(this::onPerTryTimeout, perTryNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void onPerTryTimeout() {
        perTry = null;
        Attempt attempt = current;
        if (attempt == null || attempt.isAnswered()) {
            return;
        }
        attempt.abandon(StreamError.TIMEOUT, true);
        failed(
                RetryRules.onTimeout(policy),
                504,
                ResponseFlag.TIMEOUT,
                "upstream request timeout",
                "upstream_per_try_timeout");
    }

    void onUnavailable(Upstreams.Unavailable why, String detail) {
        exchange.record().upstreamFailure = detail;
        switch (why) {
            case NO_ENDPOINT ->
                failed(false, 503, ResponseFlag.NO_HEALTHY_ENDPOINT, "no healthy upstream", "no_healthy_upstream");
            case CONNECT_FAILED, CONNECT_TIMEOUT ->
                failed(
                        RetryRules.onConnectFailure(policy),
                        503,
                        ResponseFlag.CONNECT_FAILED,
                        "upstream connect error",
                        why == Upstreams.Unavailable.CONNECT_TIMEOUT
                                ? "upstream_connection_timeout"
                                : "upstream_connection_failure");
            case OVERFLOW -> failed(false, 503, ResponseFlag.OVERFLOW, "upstream overflow", "upstream_overflow");
            case RETRY_BUDGET ->
                failed(false, 503, ResponseFlag.RETRY_LIMIT, "retry budget exhausted", "retry_budget_exhausted");
        }
    }

    /** A try has its connection. */
    void onTicket(Upstreams.Ticket ticket) {
        exchange.record().workload = ticket.workload();
        exchange.record().upstreamHost = ticket.address();
        onTried(ticket.workload());
    }

    /** An endpoint that further tries should avoid. */
    void onTried(String workload) {
        if (policy.retries() > 0 && policy.avoidTried()) {
            if (tried.isEmpty()) {
                tried = new HashSet<>();
            }
            tried.add(workload);
        }
    }

    /** A try has sent what there is of the request. */
    void onSent() {
        exchange.onRequestPassedOn();
    }

    void onAnswered(long nanos) {
        exchange.record().serviceNanos = nanos;
        cancelPerTry();
    }

    void onInformational(ResponseHead interim) {
        exchange.inform(interim);
    }

    /** A response's head: it is passed on, or the request is tried again. */
    void onResponse(Attempt attempt, ResponseHead response, boolean end) {
        if (RetryRules.onResponse(policy, response, exchange.record().grpc)) {
            if (mayRetry()) {
                attempt.abandon(StreamError.CANCELLED, false);
                retry();
                return;
            }
            flagExhausted();
        }
        exchange.respond(attempt, response, end);
    }

    void onUpgraded(Attempt attempt, ResponseHead response) {
        exchange.upgrade(attempt, response);
    }

    void onData(ByteBuf data) {
        exchange.onResponseData(data);
    }

    void onEnd(@Nullable Fields trailers) {
        exchange.onResponseEnd(trailers);
    }

    /** Reset before a response's head. */
    void onReset(StreamError error, boolean sent, String detail) {
        exchange.record().upstreamFailure = detail;
        boolean retriable = RetryRules.onReset(policy, error, sent);
        ResponseFlag flag = flag(error);
        int status = switch (error) {
            case PROTOCOL, LIMIT -> 502;
            case TIMEOUT -> 504;
            default -> 503;
        };
        failed(
                retriable,
                status,
                flag,
                status == 502 ? "upstream protocol error" : "upstream reset before its response",
                "upstream_reset_before_response_started");
    }

    /** Reset in the midst of a response that was passed on already. */
    void onBroken(StreamError error, String detail) {
        exchange.record().upstreamFailure = detail;
        exchange.breakOff(flag(error), "upstream_reset_after_response_started");
    }

    private static ResponseFlag flag(StreamError error) {
        return switch (error) {
            case CONNECTION_LOST -> ResponseFlag.CONNECTION_LOST;
            case CANCELLED, REFUSED, INTERNAL -> ResponseFlag.RESET;
            case PROTOCOL, LIMIT -> ResponseFlag.UPSTREAM_PROTOCOL_ERROR;
            case TIMEOUT -> ResponseFlag.TIMEOUT;
        };
    }

    private void failed(boolean retriable, int status, ResponseFlag flag, String text, String detail) {
        cancelPerTry();
        current = null;
        if (retriable && mayRetry()) {
            retry();
            return;
        }
        exchange.record().flag(flag);
        if (retriable) {
            flagExhausted();
        }
        exchange.fail(status, text, detail);
    }

    private boolean mayRetry() {
        return retries < policy.retries() && body().isReplayable();
    }

    private void flagExhausted() {
        if (policy.retries() > 0 && retries >= policy.retries()) {
            exchange.record().flag(ResponseFlag.RETRY_LIMIT);
        }
    }

    private void retry() {
        cancelPerTry();
        current = null;
        retries++;
        long wait = RetryRules.backoffNanos(policy, retries, router.chance());
        if (wait <= 0 && retries <= MAX_NESTED) {
            next();
        } else {
            backoff = loop().schedule(this::next, Math.max(0, wait), TimeUnit.NANOSECONDS);
        }
    }

    /** No further try, and the one under way is given up. */
    void close(StreamError error, boolean failed) {
        cancelPerTry();
        if (backoff != null) {
            backoff.cancel(false);
            backoff = null;
        }
        Attempt attempt = current;
        current = null;
        if (attempt != null) {
            attempt.abandon(error, failed);
        }
    }

    /** An upgraded connection has ended in both directions. */
    void complete() {
        if (current != null) {
            current.finish();
        }
    }

    private void cancelPerTry() {
        if (perTry != null) {
            perTry.cancel(false);
            perTry = null;
        }
    }

    /** The client takes more of the response. */
    void onClientWritable() {
        if (current != null) {
            current.returnCredit();
        }
    }

    boolean isClientWritable() {
        return exchange.isClientWritable();
    }

    boolean isUpgraded() {
        return exchange.isUpgraded();
    }

    RequestBody body() {
        return exchange.body();
    }

    Upstreams upstreams() {
        return router.upstreams();
    }

    long now() {
        return loop().ticker().nanoTime();
    }

    EventLoop loop() {
        return exchange.loop();
    }

    RouteTable table() {
        return exchange.table();
    }

    Cluster cluster() {
        return cluster;
    }

    InetAddress source() {
        return exchange.source();
    }

    String clientProtocol() {
        return exchange.clientProtocol();
    }

    Set<String> tried() {
        return tried;
    }
}
