package io.culvert.perf.suite;

import io.culvert.perf.result.Kind;
import io.culvert.perf.result.Target;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The rows to reach. The reference is what ztunnel showed against the same haproxy pair on such a machine. */
final class Targets {
    private static final String CULVERT = "culvert";
    private static final String TLS_PAIR = "haproxy-tls";
    private static final String RELAY = "haproxy-tcp";
    private static final String WAYPOINT_ENVOY = "waypoint-envoy";
    private static final String WAYPOINT_HAPROXY = "waypoint-haproxy";
    private static final String PLAIN = "plain";

    private Targets() {}

    static List<Target> all() {
        return Stream.of(betweenPods(), waypoint()).flatMap(List::stream).toList();
    }

    private static List<Target> betweenPods() {
        String open = Load.open(1000, 16).name();
        return List.of(
                tunnel(
                        "CPU per request, 64 connections, closed loop",
                        Load.closed(64),
                        "cpu_per_request_us",
                        0.62,
                        0.95),
                tunnel(
                        "CPU per request, 1,000/s, 16 connections",
                        Load.open(1000, 16),
                        "cpu_per_request_us",
                        0.93,
                        0.93),
                tunnel("CPU per new connection", Load.connections(32), "cpu_per_connection_us", 0.11, 0.17),
                tunnel("CPU per GB, one stream", Load.bulk(1), "cpu_per_gb_s", 0.71, 0.71),
                tunnel("CPU per GB, four streams", Load.bulk(4), "cpu_per_gb_s", 0.70, 0.78),
                new Target(
                        "Gbit/s of four streams",
                        PLAIN,
                        Load.bulk(4).name(),
                        "tunnel",
                        "throughput_gbit",
                        CULVERT,
                        TLS_PAIR,
                        "",
                        Kind.RATIO,
                        1.3,
                        false,
                        "",
                        0.97),
                added("added p50 at 1,000/s less haproxy's", open, "latency_p50_ms", 0),
                added("added p99 at 1,000/s less haproxy's", open, "latency_p99_ms", 0),
                added("added p99.9 at 1,000/s less haproxy's", open, "latency_p999_ms", 1),
                new Target(
                        "longest pause of an agent at 1,000/s, beyond an idle sleeper's",
                        PLAIN,
                        open,
                        "tunnel",
                        "pause_beyond_idle_ms",
                        CULVERT,
                        "",
                        "",
                        Kind.ABSOLUTE,
                        5,
                        true,
                        "ms",
                        null),
                near("same node, CPU per request", Load.closed(64), "cpu_per_request_us", 1.05),
                near("same node, CPU per GB", Load.bulk(1), "cpu_per_gb_s", 0.9),
                near("same node, CPU per new connection", Load.connections(32), "cpu_per_connection_us", 1.3));
    }

    /** Of the waypoint's process alone, beside proxies of HTTP in its place. */
    private static List<Target> waypoint() {
        Load open = Load.open(1000, 16);
        return List.of(
                waypoint("64 connections, closed loop", Load.closed(64), WAYPOINT_ENVOY, "Envoy", 0.5),
                waypoint("64 connections, closed loop", Load.closed(64), WAYPOINT_HAPROXY, "haproxy", 1.3),
                waypoint("1,000/s, 16 connections", open, WAYPOINT_ENVOY, "Envoy", 0.7),
                waypoint("1,000/s, 16 connections", open, WAYPOINT_HAPROXY, "haproxy", 1.2),
                waypoint("HTTP/2, 100 streams on 4 connections", Load.streams(100, 4), WAYPOINT_ENVOY, "Envoy", 0.7),
                // The ratio of the two that is to be 1 at most says the same, but nothing when Envoy adds next to
                // nothing.
                added(
                        "waypoint, added p99 at 1,000/s less Envoy's",
                        open.name(),
                        WaypointPlace.TOPOLOGY,
                        "latency_p99_ms",
                        WAYPOINT_ENVOY,
                        0));
    }

    private static Target waypoint(String title, Load load, String base, String of, double bound) {
        return ratio(
                "waypoint, CPU per request, " + title + ", over " + of + "'s",
                WaypointPlace.TOPOLOGY,
                load,
                "cpu_per_request_us",
                base,
                bound,
                null);
    }

    private static Target tunnel(String title, Load load, String metric, double bound, @Nullable Double reference) {
        return ratio("tunnel, " + title, "tunnel", load, metric, TLS_PAIR, bound, reference);
    }

    private static Target near(String title, Load load, String metric, double bound) {
        return ratio(title, "same-node", load, metric, RELAY, bound, null);
    }

    private static Target ratio(
            String title,
            String topology,
            Load load,
            String metric,
            String base,
            double bound,
            @Nullable Double reference) {
        return new Target(
                title, PLAIN, load.name(), topology, metric, CULVERT, base, "", Kind.RATIO, bound, true, "", reference);
    }

    private static Target added(String title, String load, String metric, double bound) {
        return added("tunnel, " + title, load, "tunnel", metric, TLS_PAIR, bound);
    }

    private static Target added(String title, String load, String topology, String metric, String base, double bound) {
        return new Target(
                title,
                PLAIN,
                load,
                topology,
                "added:" + metric,
                CULVERT,
                base,
                "",
                Kind.DIFFERENCE,
                bound,
                true,
                "ms",
                null);
    }
}
