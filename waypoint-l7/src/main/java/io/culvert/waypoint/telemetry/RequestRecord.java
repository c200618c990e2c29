package io.culvert.waypoint.telemetry;

import io.culvert.waypoint.Client;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one request when it has ended. The router fills it on the request's loop; once it is handed to
 * {@link RequestTelemetry#ended} nothing changes it any more. Times are nanoseconds of the loop's clock.
 */
public final class RequestRecord {
    /** Longer texts of clients are cut, since thousands of records may wait for the log's thread. */
    static final int MAX_TEXT = 2048;

    final Client client;
    final long startNanos;
    final EnumSet<ResponseFlag> flags = EnumSet.noneOf(ResponseFlag.class);

    /** What the client speaks. */
    public String protocol = "HTTP/1.1";
    /** As the client sent it, normalised. */
    public String method = "";
    /** As the client sent it, normalised, before any rewrite. */
    public String path = "";
    /** As the client sent it. */
    public String authority = "";
    /** Whether it is a gRPC request. */
    public boolean grpc;
    /** The value of user-agent. */
    public @Nullable String userAgent;
    /** The value of x-forwarded-for. */
    public @Nullable String forwardedFor;
    /** The value of x-request-id, given or made. */
    public @Nullable String requestId;
    /** The rule that took the request; null when none did. */
    public @Nullable String routeName;
    /** Key of the cluster that it went to. */
    public @Nullable String cluster;
    /** Uid of the workload of the last try. */
    public @Nullable String workload;
    /** Address of the last try. */
    public @Nullable String upstreamHost;
    /** What ended it when that was not the app: a cause in words. */
    public @Nullable String detail;
    /** Why the last try had no connection. */
    public @Nullable String upstreamFailure;
    /** grpc-status of the response, null when there is none. */
    public @Nullable String grpcStatus;
    /** Status that the client got; 0 when it got none. */
    public int status;
    /** Tries that were made. */
    public int attempts;
    /** Bytes of the request's body. */
    public long received;
    /** Bytes of the response's body. */
    public long sent;
    /** From the last try's start until its head, in nanoseconds; -1 when none came. */
    public long serviceNanos = -1;
    /** Whole duration in nanoseconds; set at the end. */
    public long durationNanos;

    public RequestRecord(Client client, long startNanos) {
        this.client = client;
        this.startNanos = startNanos;
    }

    /** Notes something remarkable. */
    public void flag(ResponseFlag flag) {
        flags.add(flag);
    }

    /** When it began, in nanoseconds of the loop's clock. */
    public long startNanos() {
        return startNanos;
    }

    /** The flags in Envoy's form: joined by commas, {@code -} for none. */
    public String flagText() {
        if (flags.isEmpty()) {
            return "-";
        }
        StringBuilder text = new StringBuilder();
        for (ResponseFlag flag : flags) {
            text.append(text.isEmpty() ? "" : ",").append(flag.label());
        }
        return text.toString();
    }

    /** At most {@link #MAX_TEXT} characters of {@code text}. */
    public static @Nullable String cut(@Nullable String text) {
        return text == null || text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT);
    }
}
