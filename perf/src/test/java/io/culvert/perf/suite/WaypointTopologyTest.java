package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.config.AnalysisReport;
import io.culvert.config.Analyzer;
import io.culvert.config.CompilerSettings;
import io.culvert.perf.result.Target;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WaypointTopologyTest {
    private static final List<Target> ROWS = Targets.all().stream()
            .filter(target -> target.topology().equals(WaypointPlace.TOPOLOGY))
            .toList();

    @Test
    void theMeshHasNothingToSayAgainstItsDescription(@TempDir Path directory) throws Exception {
        // The account of a waypoint's pod is made when its Gateway is.
        String account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: way, namespace: waypoint}\n---\n";
        String yaml = WaypointYaml.first(directory, List.of())
                + account
                + WaypointYaml.rest(directory, List.of("waypoint-envoy", "waypoint-nginx"));
        AnalysisReport report = new Analyzer(CompilerSettings.DEFAULTS).analyze(Map.of("cluster.yaml", yaml));
        assertThat(report.diagnostics()).as(report.toText()).isEmpty();
    }

    @Test
    void everyPeerHasAPodBetweenItsClientAndItsServer(@TempDir Path directory) throws Exception {
        assertThat(WaypointYaml.rest(directory, List.of("waypoint-envoy", "waypoint-nginx")))
                .contains(
                        "metadata: {name: middle, namespace: waypoint-envoy,",
                        "metadata: {name: middle, namespace: waypoint-nginx,",
                        "metadata: {name: client, namespace: waypoint,");
    }

    @Test
    void everyRowHasItsLoadAndItsPeerInTheTopology() {
        assertThat(ROWS).hasSize(6).allSatisfy(row -> {
            assertThat(Load.waypoint()).extracting(Load::name).contains(row.load());
            assertThat(Scripts.NAMES).contains(row.base());
            assertThat(row.base()).startsWith(WaypointPlace.PREFIX);
            assertThat(row.atMost()).isTrue();
        });
        assertThat(ROWS).extracting(Target::bound).containsExactly(0.5, 1.3, 0.7, 1.2, 0.7, 0.0);
    }

    @Test
    void eachTopologyTakesTheLoadsThatItCanServe() {
        assertThat(Load.of("tunnel", List.of())).isEqualTo(Load.own());
        assertThat(Load.of(WaypointPlace.TOPOLOGY, List.of()))
                .extracting(Load::name)
                .containsExactly("closed-c64", "open-1000-c16", "h2-s100-c4");
        assertThat(Load.of(WaypointPlace.TOPOLOGY, List.of("closed-c64", "bulk-c1", "latency")))
                .extracting(Load::name)
                .containsExactly("closed-c64");
        assertThat(Load.of("tunnel", List.of("h2-s100-c4"))).isEmpty();
        assertThatThrownBy(() -> Load.of("tunnel", List.of("nonsense"))).hasMessageContaining("no load nonsense");
    }
}
