package io.culvert.perf.suite;

import io.culvert.perf.result.Kind;
import io.culvert.perf.result.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The rows of the suites beside the plain one. */
final class SuiteTargets {
    private static final String CULVERT = "culvert";
    /** Where connections fail by design, or there are none. */
    private static final Set<String> UNCOUNTED = Set.of("storm", Kill.NAME, "scale");

    private SuiteTargets() {}

    /** Those of {@code suite}, the plain one included: nothing may fail anywhere but in a storm or by a kill. */
    static List<Target> of(String suite) {
        List<Target> targets = new ArrayList<>(
                switch (suite) {
                    case "neighbour" -> neighbour();
                    case "idle" -> idle();
                    case "cold" ->
                        List.of(absolute(
                                "start to first accepted connection, state from disk",
                                "cold",
                                Cold.LOAD,
                                "tunnel",
                                "start_to_accepted_s",
                                0.9,
                                "s"));
                    case Kill.NAME -> kill();
                    case "scale" -> scale();
                    case WaypointMemory.NAME -> waypoint();
                    default -> List.of();
                });
        if (!UNCOUNTED.contains(suite)) {
            targets.add(Failures.target(suite));
        }
        return targets;
    }

    private static List<Target> neighbour() {
        return List.of(
                victim("bulk at 2 Gbit/s in another tunnel, over alone", Neighbour.PACED, Neighbour.OTHER_TUNNEL, 2),
                victim("bulk at 2 Gbit/s in the same tunnel, over alone", Neighbour.PACED, Neighbour.SAME_TUNNEL, 4),
                unpaced("unpaced bulk in another tunnel, over haproxy's", Neighbour.OTHER_TUNNEL),
                unpaced("unpaced bulk in the same tunnel, over haproxy's", Neighbour.SAME_TUNNEL));
    }

    private static List<Target> idle() {
        return List.of(
                absolute("RSS of an agent with 20 pods", "idle", Idle.PODS, "tunnel", "rss_largest_mib", 115, "MiB"),
                absolute(
                        "RSS of an agent with 10,000 idle tunnelled connections",
                        "idle",
                        Idle.MANY,
                        "tunnel",
                        "rss_largest_mib",
                        165,
                        "MiB"),
                absolute(
                        "memory per idle tunnelled connection, the larger side (ztunnel 6.6 KiB)",
                        "idle",
                        Idle.MANY,
                        "tunnel",
                        "rss_per_connection_largest_kib",
                        5,
                        "KiB"));
    }

    private static List<Target> kill() {
        return List.of(
                kill("restart to first byte through the tunnel", Kill.EACH, Kill.SERVED, 2, "s"),
                kill("outbound connections let through while dead", Kill.ALL, Kill.OUTBOUND, 0, ""),
                kill("plaintext connections let in while dead", Kill.ALL, Kill.INBOUND, 0, ""));
    }

    private static Target kill(String title, String load, String metric, double bound, String unit) {
        return absolute(title, Kill.NAME, load, Kill.TUNNEL, metric, bound, unit);
    }

    private static List<Target> scale() {
        return List.of(
                scale("all applied", "apply_s", 3, "s"),
                scale("memory per workload", "heap_per_workload_kib", 1.5, "KiB"),
                scale("one change p99", "change_p99_ms", 1, "ms"),
                scale("longest pause", "longest_pause_ms", 10, "ms"));
    }

    private static Target scale(String title, String metric, double bound, String unit) {
        return absolute(title, "scale", Scale.LOAD, Scale.TOPOLOGY, metric, bound, unit);
    }

    private static List<Target> waypoint() {
        return List.of(
                waypoint("PSS idle", WaypointMemory.IDLE, "pss_mib", 110),
                waypoint("PSS with 1,000 routes and 2,000 endpoints", WaypointMemory.ROUTES, "pss_mib", 140),
                waypoint(
                        "heap and direct memory, 50 bodies of 150 MB to slow readers",
                        WaypointMemory.BODIES,
                        "heap_and_direct_max_mib",
                        256));
    }

    private static Target waypoint(String title, String load, String metric, double bound) {
        return absolute(title, WaypointMemory.NAME, load, WaypointPlace.TOPOLOGY, metric, bound, "MiB");
    }

    private static Target victim(String title, String load, String topology, double bound) {
        return new Target(
                "neighbour, victim's p99, " + title,
                "neighbour",
                load,
                topology,
                "latency_p99_ms",
                CULVERT,
                CULVERT + "-alone",
                "",
                Kind.RATIO,
                bound,
                true,
                "",
                null);
    }

    private static Target unpaced(String title, String topology) {
        return new Target(
                "neighbour, victim's p99, " + title,
                "neighbour",
                Neighbour.UNPACED,
                topology,
                "latency_p99_ms",
                CULVERT,
                "haproxy-tls",
                "",
                Kind.RATIO,
                0.25,
                true,
                "",
                0.4);
    }

    static Target absolute(
            String title, String suite, String load, String topology, String metric, double bound, String unit) {
        return new Target(
                suite + ", " + title,
                suite,
                load,
                topology,
                metric,
                CULVERT,
                "",
                "",
                Kind.ABSOLUTE,
                bound,
                true,
                unit,
                null);
    }
}
