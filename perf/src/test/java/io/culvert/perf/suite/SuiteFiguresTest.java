package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.LabException;
import io.culvert.perf.measure.Memory;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Row;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Target;
import io.culvert.perf.result.Verdict;
import io.culvert.perf.result.Verdicts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuiteFiguresTest {
    @Test
    void oneFailureInOneOfManyRoundsFailsTheSuite() {
        List<Series> measured = List.of(
                series("culvert", round(0, Map.of("errors", 0.0)), round(1, Map.of("errors", 1.0, "lost", 1.0))),
                series("haproxy-tls", round(0, Map.of("errors", 7.0))));
        Row row = Verdicts.judge(List.of(Failures.target("churn")), Failures.of("churn", measured), false)
                .getFirst();
        assertThat(row.value()).isEqualTo(1);
        assertThat(row.verdict()).isEqualTo(Verdict.NOT_MET);
    }

    @Test
    void aRoundThatStandsInTwoSeriesFailsOnce() {
        Round shared = round(0, Map.of("errors", 3.0));
        List<Series> failures =
                Failures.of("neighbour", List.of(series("culvert", shared), series("culvert-alone", shared)));
        assertThat(failures.getFirst().rounds().getFirst().values()).containsEntry("failed", 3.0);
    }

    @Test
    void whatCountsNoFailuresHasNoFigureOfThem() {
        assertThat(Failures.of("scale", List.of(series("culvert", round(0, Map.of("apply_s", 2.0))))))
                .isEmpty();
    }

    @Test
    void everySuiteInWhichNothingMayFailHasARowForFailures() {
        for (String suite : List.of("plain", "idle", "neighbour", "churn", "scrape", "cold", "cross-check")) {
            assertThat(SuiteTargets.of(suite)).extracting(Target::metric).contains("failed");
        }
        assertThat(SuiteTargets.of("storm")).isEmpty();
        assertThat(SuiteTargets.of("kill")).extracting(Target::metric).doesNotContain("failed");
        assertThat(SuiteTargets.of("scale")).extracting(Target::metric).doesNotContain("failed");
    }

    @Test
    void oneLeakInOneOfManyKillsFailsItsRowAndNoOther() {
        List<Series> measured = Kill.series(List.of(killed(0, 1.1, 0, 0), killed(1, 1.9, 0, 1), killed(2, 1.2, 0, 0)));
        assertThat(Verdicts.judge(SuiteTargets.of("kill"), measured, false))
                .extracting(row -> row.target().metric(), Row::value, Row::verdict)
                .containsExactly(
                        tuple("start_to_first_byte_s", 1.2, Verdict.MET),
                        tuple("outbound_let_through", 0.0, Verdict.MET),
                        tuple("plaintext_let_in", 1.0, Verdict.NOT_MET));
    }

    @Test
    void anUnknownSuiteIsNamedTogetherWithThoseThatThereAre() {
        assertThatThrownBy(() -> Suites.of("tempest"))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("no suite tempest")
                .hasMessageContaining("storm");
    }

    @Test
    void memoryPerConnectionIsWhatEachSideGrewBy() {
        SortedMap<String, Double> values = Idle.values(
                List.of(new Memory(150L << 20, 100L << 20), new Memory(140L << 20, 100L << 20)),
                List.of(new Memory(100L << 20, 80L << 20), new Memory(110L << 20, 80L << 20)),
                10_240);
        assertThat(values.get("rss_per_connection_process1_kib")).isCloseTo(5, within(1e-9));
        assertThat(values.get("rss_per_connection_process2_kib")).isCloseTo(3, within(1e-9));
        assertThat(values.get("rss_per_connection_largest_kib")).isCloseTo(5, within(1e-9));
        assertThat(values.get("rss_largest_mib")).isEqualTo(150);
    }

    @Test
    void theHardLimitOfOpenFilesCounts() {
        assertThat(
                        Idle.openFiles(
                                "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 20000                files\n"))
                .isEqualTo(20_000);
        assertThat(Idle.openFiles("Max open files            1024                 unlimited            files\n"))
                .isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void theAgentsAreHeldAgainstBothLoads() throws Exception {
        ObjectMapper json = new ObjectMapper();
        assertThat(Neighbour.both(
                                json.readTree("{\"opened\":16,\"bytes_out\":100,\"bytes_in\":200}"),
                                json.readTree("{\"opened\":1,\"bytes_out\":1000,\"bytes_in\":8}"))
                        .toString())
                .isEqualTo("{\"opened\":17,\"bytes_out\":1100,\"bytes_in\":208}");
    }

    @Test
    void scaleKeepsNumbersAndNamesUnitsAtTheEnd() throws Exception {
        assertThat(Scale.values("{\"apply_s\":2.5,\"kib_per_workload\":1.25,\"jvm\":\"25\"}"))
                .isEqualTo(new TreeMap<>(Map.of("apply_s", 2.5, "heap_per_workload_kib", 1.25)));
    }

    @Test
    void loadsAreChosenByNameOrBySet() {
        assertThat(Load.named(List.of())).isEqualTo(Load.own());
        assertThat(Load.named(List.of("istio"))).extracting(Load::name).contains("open-1000-c2", "open-1000-c64");
        assertThat(Load.named(List.of("ztunnel", "latency")))
                .extracting(Load::name)
                .containsExactly("throughput-c1", "throughput-c2", "throughput-c8", "latency", "connections");
        assertThatThrownBy(() -> Load.named(List.of("nonsense"))).hasMessageContaining("no load nonsense");
    }

    @Test
    void ratesAreReadOutOfWhatOtherProgramsPrint() {
        assertThat(CrossCheck.Tool.WRK.rate("Requests/sec:  12345.67\nTransfer/sec: 1MB"))
                .isEqualTo(12345.67);
        assertThat(CrossCheck.Tool.H2LOAD.rate("finished in 2.00s, 5321.50 req/s, 5.90MB/s"))
                .isEqualTo(5321.5);
        assertThat(CrossCheck.Tool.FORTIO.rate("All done 1000 calls (plus 0 warmup) 1.0 ms avg, qps=998.7"))
                .isEqualTo(998.7);
        assertThat(CrossCheck.Tool.IPERF3.rate("[  5]   0.00-2.00   sec  2.15 GBytes  9.2 Gbits/sec    0   sender\n"
                        + "[  5]   0.00-2.00   sec  2.15 GBytes  9.1 Gbits/sec        receiver\n"))
                .isEqualTo(9.1);
        assertThatThrownBy(() -> CrossCheck.Tool.WRK.rate("unable to connect"))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("unable to connect");
    }

    @Test
    void churnIsOverWhenEveryChangeOfTheLastStepIsThere(@TempDir Path parent) throws Exception {
        Path watched = Files.createDirectory(parent.resolve("watched"));
        Files.createDirectory(parent.resolve("staging"));
        Churn.Changes changes = new Churn.Changes(watched);
        changes.step();
        changes.step();
        StringBuilder dump = new StringBuilder();
        try (var files = Files.list(watched)) {
            for (Path file : files.toList()) {
                String text = Files.readString(file);
                dump.append(text).append(text.contains("version: v2}") ? "\"v2\"" : "");
            }
        }
        assertThat(changes.current(dump.toString())).isTrue();
        changes.step();
        assertThat(changes.current(dump.toString())).isFalse();
    }

    private static Round killed(int rotation, double served, double out, double in) {
        return round(
                rotation, Map.of("start_to_first_byte_s", served, "outbound_let_through", out, "plaintext_let_in", in));
    }

    private static Series series(String variant, Round... rounds) {
        return new Series("s", "l", "tunnel", variant, List.of(rounds));
    }

    private static Round round(int rotation, Map<String, Double> values) {
        return new Round(rotation, "", new TreeMap<>(values), new TreeMap<>());
    }
}
