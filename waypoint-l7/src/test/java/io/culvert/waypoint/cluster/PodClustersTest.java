package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.Ip;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.Protocol;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.waypoint.cluster.ClusterStats.Count;
import io.culvert.waypoint.cluster.Upstreams.Unavailable;
import io.culvert.waypoint.http.Fields;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PodClustersTest {
    private static final int MOST = 4;

    private final World world = new World(System.nanoTime(), MOST);
    private final MetricsRegistry registry = new MetricsRegistry();

    PodClustersTest() {
        world.pods("a", "b");
        world.book.register(registry);
    }

    private Ip address(String pod) {
        return Objects.requireNonNull(world.state().workload(World.uid(pod)))
                .addresses()
                .getFirst();
    }

    private FakeTry to(String pod, int port) {
        Cluster cluster = Cluster.ofWorkload(World.uid(pod), address(pod), port, Protocol.DETECT);
        return new FakeTry(world, cluster, new Fields());
    }

    private FakeTry granted(String pod, int port) {
        FakeTry attempt = to(pod, port).send();
        world.connector.acceptAll();
        assertThat(attempt.ticket().address()).isEqualTo(address(pod) + ":" + port);
        return attempt;
    }

    private String exposed() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new OpenMetricsTextFormatWriter(false, true).write(out, registry.collect());
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aRequestGoesToThatPodAndPortWhoeverElseIsBehindTheService() {
        for (int i = 0; i < 8; i++) {
            FakeTry attempt = granted(i % 2 == 0 ? "a" : "b", 9090);
            assertThat(attempt.pod()).isEqualTo(i % 2 == 0 ? "a" : "b");
            attempt.finish(200);
        }
        assertThat(world.connector.open()).as("connections are kept").isEqualTo(2);
    }

    @Test
    void idleOnesAreDroppedWithTheirConnectionsAndWhatTheyCountedStays() throws IOException {
        granted("a", 80).finish(200);
        FakeTry busy = granted("b", 80);
        world.pass(PodClusters.IDLE.plus(PodClusters.SWEEP));
        assertThat(exposed())
                .contains("culvert_pod_clusters 1.0", "culvert_pod_clusters_dropped_total{reason=\"idle\"} 1.0")
                .contains("culvert_cluster_events_total{cluster=\"pods\",event=\"requests\"} 2.0");
        assertThat(world.connector.open()).as("only the busy one's").isEqualTo(1);
        busy.finish(200);
        world.pass(PodClusters.IDLE.plus(PodClusters.SWEEP));
        assertThat(exposed()).contains("culvert_pod_clusters 0.0");
        assertThat(world.connector.open()).isZero();
        granted("a", 80).finish(200);
        assertThat(exposed()).contains("event=\"requests\"} 3.0");
    }

    @Test
    void whenThereAreTooManyTheOneThatWasIdleLongestMakesPlace() throws IOException {
        for (int port = 1; port <= MOST; port++) {
            granted("a", port).finish(200);
            world.pass(Duration.ofSeconds(1));
        }
        granted("a", 1).finish(200);
        granted("b", 80).finish(200);
        assertThat(exposed())
                .contains("culvert_pod_clusters 4.0", "culvert_pod_clusters_dropped_total{reason=\"too_many\"} 1.0");
        long made = world.connector.open();
        granted("a", 1).finish(200);
        assertThat(world.connector.open()).as("port 1 was kept").isEqualTo(made);
    }

    @Test
    void withAllOfThemInUseAFurtherOneIsRefused() throws IOException {
        for (int port = 1; port <= MOST; port++) {
            FakeTry unused = granted("a", port);
            assertThat(unused.isWaiting()).isFalse();
        }
        FakeTry over = to("b", 80).send();
        assertThat(over.why).isEqualTo(Unavailable.OVERFLOW);
        assertThat(over.detail).contains("4 ports of pods are in use");
        assertThat(exposed()).contains("culvert_pod_clusters_refused_total{reason=\"too_many\"} 1.0");
        assertThat(world.book.open(to("b", 80).cluster(), world.table(), World.client(1), Set.of()))
                .isInstanceOf(TcpUpstreams.Result.Refused.class);
    }

    @Test
    void aPodThatGoesTakesItsClustersWithIt() throws IOException {
        FakeTry later = to("a", 80);
        granted("a", 80).finish(200);
        world.remove("a");
        assertThat(exposed())
                .contains("culvert_pod_clusters 0.0", "culvert_pod_clusters_dropped_total{reason=\"gone\"} 1.0");
        assertThat(world.connector.open()).isZero();
        assertThat(later.send().why).isEqualTo(Unavailable.NO_ENDPOINT);
        assertThat(later.detail).contains("is gone");
        assertThat(world.book.open(later.cluster(), world.table(), World.client(1), Set.of()))
                .isInstanceOf(TcpUpstreams.Result.Refused.class);
    }

    @Test
    void aPodOfTheSameNameAtAnotherAddressIsAnother() {
        FakeTry later = to("a", 80);
        granted("a", 80).finish(200);
        world.pod("a", Ip.parse("10.9.9.9"), 1, "", true);
        assertThat(later.send().why).isEqualTo(Unavailable.NO_ENDPOINT);
        assertThat(granted("a", 80).pod()).isEqualTo("a");
        assertThat(world.book.stats()).as("of services").noneMatch(stats -> stats.get(Count.REQUESTS) > 0);
    }
}
