package io.culvert.waypoint.router;

import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.StreamError;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which outcomes of a try are tried again, as Envoy reads the conditions. */
final class RetryRules {
    private RetryRules() {}

    /** After a response's head. gRPC conditions look at heads only: at responses that are nothing but a status. */
    static boolean onResponse(RetryPolicy policy, ResponseHead head, boolean grpc) {
        int status = head.status();
        if (status < 400) {
            return grpc && onGrpcStatus(policy, head.fields().get("grpc-status"));
        }
        Set<Condition> on = policy.on();
        if (head.fields().contains("x-envoy-ratelimited")) {
            return on.contains(Condition.RATE_LIMITED);
        }
        return (status >= 500 && on.contains(Condition.SERVER_ERROR))
                || (status >= 502 && status <= 504 && on.contains(Condition.GATEWAY_ERROR))
                || (status == 409 && on.contains(Condition.RETRIABLE_4XX))
                || policy.codes().contains(status);
    }

    private static boolean onGrpcStatus(RetryPolicy policy, @Nullable String status) {
        if (status == null) {
            return false;
        }
        return switch (status) {
            case "1" -> policy.on().contains(Condition.CANCELLED);
            case "4" -> policy.on().contains(Condition.DEADLINE_EXCEEDED);
            case "8" -> policy.on().contains(Condition.RESOURCE_EXHAUSTED);
            case "13" -> policy.on().contains(Condition.INTERNAL);
            case "14" -> policy.on().contains(Condition.UNAVAILABLE);
            default -> false;
        };
    }

    /** When there was no connection. */
    static boolean onConnectFailure(RetryPolicy policy) {
        return policy.on().contains(Condition.CONNECT_FAILURE)
                || policy.on().contains(Condition.RESET_BEFORE_REQUEST)
                || onAnyReset(policy);
    }

    /** When the try was reset before its response's head. */
    static boolean onReset(RetryPolicy policy, StreamError error, boolean sent) {
        return (error == StreamError.REFUSED && policy.on().contains(Condition.REFUSED_STREAM))
                || (!sent && policy.on().contains(Condition.RESET_BEFORE_REQUEST))
                || onAnyReset(policy);
    }

    /** When no head came in the time for one try: as a 504. */
    static boolean onTimeout(RetryPolicy policy) {
        return onAnyReset(policy) || policy.codes().contains(504);
    }

    private static boolean onAnyReset(RetryPolicy policy) {
        return policy.on().contains(Condition.RESET)
                || policy.on().contains(Condition.SERVER_ERROR)
                || policy.on().contains(Condition.GATEWAY_ERROR);
    }

    /** The wait before retry {@code number} (from 1): uniform in [0, (2^number - 1) * base), within the limit. */
    static long backoffNanos(RetryPolicy policy, int number, Chance chance) {
        long base = policy.backoffBase().toNanos();
        long limit = policy.backoffMax().toNanos();
        if (base <= 0) {
            return 0;
        }
        long factor = (1L << Math.min(number, 30)) - 1;
        long span = base > Long.MAX_VALUE / factor ? Long.MAX_VALUE : base * factor;
        // The limit cuts the range, not the outcome: else many waits would end at the same moment.
        return chance.below(limit > 0 ? Math.min(limit, span) : span);
    }
}
