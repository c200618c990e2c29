package io.culvert.waypoint.cluster;

import io.culvert.core.route.Cluster;
import io.culvert.core.route.RouteTable;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All destinations of a waypoint: picks an endpoint and a connection for each try. Any thread; work is done per loop. */
public interface Upstreams {
    /**
     * Asks for a connection for one try. On the try's loop. With a warm connection the answer comes before this returns.
     *
     * @return what gives the wait up
     */
    Wait acquire(Try attempt);

    /** What a try wants; a router makes it. */
    interface Try {
        EventLoop loop();

        RouteTable table();

        Cluster cluster();

        RequestHead request();

        /** The client pod's address. */
        InetAddress source();

        /** {@code HTTP/1.1} or {@code HTTP/2}, what the client speaks. */
        String clientProtocol();

        /** Uids of workloads that earlier tries went to and that should be avoided. */
        Set<String> tried();

        /** Whether this is a retry, for the budget. */
        boolean retry();

        /** The endpoint that was chosen, before anybody knows whether it can be reached; a later choice replaces it. */
        default void onChosen(String workload) {}

        /** A connection with room for this request: send on it at once. */
        void onConnection(ClientConnection connection, Ticket ticket);

        /** There is none. */
        void onUnavailable(Unavailable why, String detail);
    }

    /** Why there is no connection, with Envoy's response flag. */
    enum Unavailable {
        /** UH: no healthy endpoint. */
        NO_ENDPOINT,
        /** UF: could not connect. */
        CONNECT_FAILED,
        /** UF: connecting took too long. */
        CONNECT_TIMEOUT,
        /** UO: over a limit of the cluster. */
        OVERFLOW,
        /** UO: over the budget of retries. */
        RETRY_BUDGET
    }

    /** A wait for a connection. On the loop. */
    interface Wait {
        void cancel();
    }

    /** The place that a try takes: tells how it went. On the loop. */
    interface Ticket {
        /** Uid of the workload. */
        String workload();

        /** {@code ip:port} of the endpoint, for logs. */
        String address();

        /** Value of a {@code set-cookie} field that the response needs (affinity and hash cookies); null for none. */
        @Nullable
        String setCookie();

        /** Adds what the response needs so that its client comes back to this endpoint: a cookie, or the affinity field. */
        default void addTo(Fields response) {
            String cookie = setCookie();
            if (cookie != null) {
                response.add("set-cookie", cookie);
            }
        }

        /** A response's head has come. */
        void onStatus(int status, Duration latency);

        /** It failed before a response: reset, lost or timed out. */
        void onLocalFailure();

        /** The try is over; always called once, at last. */
        void done();
    }
}
