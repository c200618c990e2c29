package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A running pod joins the mesh by its label and leaves again, and no connection of its own or to it notices: those from
 * before, and those that were made in the mesh.
 */
public final class LiveEnrolment implements Check {
    private static final String LABEL = "culvert.io/mesh";
    private static final int EXCHANGES = 30;

    private final DemoCluster cluster;

    public LiveEnrolment(DemoCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String title() {
        return "labelling a running pod keeps its connections";
    }

    @Override
    public String run() throws IOException {
        LabPod pod = cluster.billing();
        List<SteadyTraffic> open = new ArrayList<>();
        try {
            open.add(fromPod("before-out"));
            open.add(toPod("before-in"));
            progress(open);
            label("enabled");
            Duration joined = cluster.awaitMeshed(pod, true);
            progress(open);
            open.add(fromPod("meshed-out"));
            open.add(toPod("meshed-in"));
            progress(open);
            expectWay(pod, open.get(2), "tunnel");
            expectWay(cluster.report(), open.get(3), "tunnel");
            label(null);
            Duration left = cluster.awaitMeshed(pod, false);
            progress(open);
            long exchanges = open.stream().mapToLong(SteadyTraffic::exchanges).sum();
            Duration longest = open.stream()
                    .map(SteadyTraffic::longest)
                    .max(Duration::compareTo)
                    .orElseThrow();
            return ("joined in %d ms, left in %d ms; 2 connections from before and 2 made in the mesh: %d exchanges,"
                            + " 0 lost, the slowest %d ms")
                    .formatted(joined.toMillis(), left.toMillis(), exchanges, longest.toMillis());
        } finally {
            open.forEach(SteadyTraffic::close);
            label(null);
        }
    }

    private SteadyTraffic fromPod(String name) throws IOException {
        return new SteadyTraffic(
                name, new HttpSession(cluster.billing().sockets(), cluster.address("front"), 80, DemoCluster.PATIENCE));
    }

    private SteadyTraffic toPod(String name) throws IOException {
        return new SteadyTraffic(
                name,
                new HttpSession(cluster.report().sockets(), cluster.billing().ip4(), 80, DemoCluster.PATIENCE));
    }

    private void label(@Nullable String value) {
        Map<String, @Nullable String> change = new HashMap<>();
        change.put(LABEL, value);
        cluster.lab()
                .label("Pod", cluster.billing().namespace(), cluster.billing().name(), change);
    }

    private static void progress(List<SteadyTraffic> open) {
        open.forEach(traffic -> traffic.awaitProgress(EXCHANGES, DemoCluster.PATIENCE));
    }

    /** A connection that is not carried by the mesh would prove nothing about leaving it. */
    private static void expectWay(LabPod pod, SteadyTraffic traffic, String way) {
        String source = pod.ip4() + ":" + traffic.localPort();
        CheckFailure.unless(
                DemoCluster.page(pod, "/connections").stream()
                        .anyMatch(c -> c.path("src").asText().equals(source)
                                && c.path("way").asText().equals(way)),
                "connection " + traffic.name() + " from " + source + " does not go by " + way + ": "
                        + DemoCluster.page(pod, "/connections"));
    }
}
