package io.culvert.config;

import io.culvert.core.route.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads {@code fault} of VirtualServices. Stateless; any thread. */
final class FaultReader {
    // By number (gRPC, doc/statuscodes.md).
    private static final List<String> GRPC = List.of(
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED");

    private FaultReader() {}

    /** The faults; null when there are none. */
    static @Nullable Fault read(Fields rule) {
        Fields fault = rule.object("fault");
        if (fault == null) {
            return null;
        }
        Fields delay = fault.object("delay");
        Fields abort = fault.object("abort");
        fault.finish();
        if (delay == null && abort == null) {
            fault.error("", "injects nothing: give delay or abort");
            return null;
        }
        Duration time = Duration.ZERO;
        int delayed = 0;
        if (delay != null) {
            Duration fixed = IstioFields.duration(delay, "fixedDelay");
            TrafficPolicyReader.notExecuted(delay, "exponentialDelay", "use fixedDelay");
            if (!delay.has("fixedDelay") && !delay.has("exponentialDelay")) {
                delay.error("fixedDelay", "is missing: say how long, as 5s");
            }
            delayed = share(delay, "delayed");
            delay.finish();
            time = fixed == null ? time : fixed;
        }
        return time.isZero() && abort == null
                ? null
                : abort == null ? new Fault(time, delayed, 0, -1, 0) : abort(abort, time, time.isZero() ? 0 : delayed);
    }

    private static Fault abort(Fields abort, Duration delay, int delayed) {
        Integer status = abort.number("httpStatus", 200, 599);
        String grpc = abort.text("grpcStatus");
        TrafficPolicyReader.notExecuted(abort, "http2Error", "use httpStatus or grpcStatus");
        int share = share(abort, "aborted");
        abort.finish();
        if (status != null && grpc != null) {
            abort.error("grpcStatus", "excludes httpStatus: remove one of them");
        }
        if (!abort.has("httpStatus") && !abort.has("grpcStatus") && !abort.has("http2Error")) {
            abort.error("httpStatus", "is missing: give httpStatus or grpcStatus");
        }
        int code = grpc == null ? -1 : grpcCode(grpc);
        if (grpc != null && code < 0) {
            abort.error(
                    "grpcStatus",
                    "\"" + grpc + "\" is no status of gRPC" + Suggestion.of(grpc.toUpperCase(Locale.ROOT), GRPC));
        }
        boolean aborts = status != null || code >= 0;
        return new Fault(delay, delayed, status == null ? 0 : status, code, aborts ? share : 0);
    }

    private static int grpcCode(String text) {
        int code = GRPC.indexOf(text.toUpperCase(Locale.ROOT));
        if (code >= 0) {
            return code;
        }
        return text.matches("[0-9]|1[0-6]") ? Integer.parseInt(text) : -1;
    }

    // Istio's share is zero when none is given, which nobody means.
    private static int share(Fields fault, String what) {
        int share = IstioFields.millionths(fault, "percentage");
        Integer old = fault.number("percent", 0, 100);
        if (old != null) {
            fault.warning("percent", "is deprecated: use percentage");
            share = share >= 0 ? share : old * 10_000;
        }
        if (share < 0 && !fault.has("percentage") && !fault.has("percent")) {
            fault.warning("percentage", "is missing, so no request is " + what + ": give percentage, as {value: 10}");
        }
        return Math.max(share, 0);
    }
}
