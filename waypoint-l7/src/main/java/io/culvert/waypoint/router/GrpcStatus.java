package io.culvert.waypoint.router;

import io.culvert.waypoint.http.Fields;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Statuses of gRPC: what errors of ours become for its clients. */
final class GrpcStatus {
    static final int CANCELLED = 1;
    static final int UNKNOWN = 2;
    static final int DEADLINE_EXCEEDED = 4;
    static final int PERMISSION_DENIED = 7;
    static final int RESOURCE_EXHAUSTED = 8;
    static final int UNIMPLEMENTED = 12;
    static final int INTERNAL = 13;
    static final int UNAVAILABLE = 14;
    static final int UNAUTHENTICATED = 16;

    private GrpcStatus() {}

    /** Whether the message is of gRPC; gRPC-Web, whose statuses stand in the body, is not. */
    static boolean isGrpc(Fields fields) {
        String type = fields.get("content-type");
        String grpc = "application/grpc";
        if (type == null || !type.regionMatches(true, 0, grpc, 0, grpc.length())) {
            return false;
        }
        if (type.length() == grpc.length()) {
            return true;
        }
        char next = type.charAt(grpc.length());
        return next == '+' || next == ';' || next == ' ';
    }

    /**
     * What an HTTP status of ours means in gRPC. Beside the mapping for foreign servers: 500 is a backend that does not
     * exist, which GRPCRoute wants told as unavailable, and 504 is a deadline.
     */
    static int of(int httpStatus) {
        return switch (httpStatus) {
            case 400, 408, 413, 431 -> INTERNAL;
            case 401 -> UNAUTHENTICATED;
            case 403 -> PERMISSION_DENIED;
            case 404 -> UNIMPLEMENTED;
            case 429, 500, 502, 503 -> UNAVAILABLE;
            case 504 -> DEADLINE_EXCEEDED;
            default -> UNKNOWN;
        };
    }

    /** The HTTP status that tells a gRPC status to a client of plain HTTP. */
    static int toHttp(int grpcStatus) {
        return switch (grpcStatus) {
            case 0 -> 200;
            case CANCELLED -> 499;
            case 3, 9, 11 -> 400;
            case DEADLINE_EXCEEDED -> 504;
            case 5 -> 404;
            case 6, 10 -> 409;
            case PERMISSION_DENIED -> 403;
            case RESOURCE_EXHAUSTED -> 429;
            case UNIMPLEMENTED -> 501;
            case UNAVAILABLE -> 503;
            case UNAUTHENTICATED -> 401;
            default -> 500;
        };
    }

    /** The fields of a response that is only a status. */
    static Fields trailersOnly(int status, String message) {
        return new Fields()
                .add("content-type", "application/grpc")
                .add("grpc-status", Integer.toString(status))
                .add("grpc-message", encoded(message));
    }

    /** Percent-encoded as the gRPC protocol has it. */
    private static String encoded(String message) {
        StringBuilder out = new StringBuilder(message.length());
        for (byte b : message.getBytes(StandardCharsets.UTF_8)) {
            if (b >= ' ' && b <= '~' && b != '%') {
                out.append((char) b);
            } else {
                out.append(String.format("%%%02X", b));
            }
        }
        return out.toString();
    }

    /**
     * The time that grpc-timeout allows, in nanoseconds: at most eight digits and a unit. 0 when there is none or it is
     * none.
     */
    static long timeoutNanos(@Nullable String value) {
        if (value == null || value.length() < 2 || value.length() > 9) {
            return 0;
        }
        long amount = 0;
        for (int i = 0; i < value.length() - 1; i++) {
            int digit = value.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            amount = amount * 10 + digit;
        }
        long unit = switch (value.charAt(value.length() - 1)) {
            case 'H' -> 3_600_000_000_000L;
            case 'M' -> 60_000_000_000L;
            case 'S' -> 1_000_000_000L;
            case 'm' -> 1_000_000L;
            case 'u' -> 1000L;
            case 'n' -> 1L;
            default -> 0L;
        };
        return unit == 0 ? 0 : Math.max(1, amount > Long.MAX_VALUE / unit ? Long.MAX_VALUE : amount * unit);
    }
}
