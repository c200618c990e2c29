package io.culvert.core.route;

import java.time.Duration;

/**
 * Faults that are injected before a request is forwarded; the delay comes first. Shares in millionths. Immutable.
 *
 * @param abortStatus HTTP status, or 0 when {@code abortGrpcStatus} counts
 * @param abortGrpcStatus gRPC status code, or -1
 */
public record Fault(Duration delay, int delayMillionths, int abortStatus, int abortGrpcStatus, int abortMillionths) {}
