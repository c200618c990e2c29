package io.culvert.perf.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.perf.result.BenchJson;
import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Environment;
import io.culvert.perf.result.Gap;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {
    private static final double[] STEADY = {10, 10.1, 9.9, 10.2, 9.8, 10.05, 9.95};
    private static final double[] SLOWER = {12, 12.1, 11.9, 12.2, 11.8, 12.05, 11.95};
    private static final double[] NOISY = {7, 14, 9, 18, 8, 13, 9.5};

    @TempDir
    private Path directory;

    private String said = "";

    @Test
    void findsNothingBetweenARunAndItself() {
        assertThat(compare(SampleRun.make(), SampleRun.make())).isEqualTo(Compare.SAME);
        assertThat(said).contains(" 0 worse, 0 better.").doesNotContain("Environment that differs");
    }

    @Test
    void findsNothingBetweenRunsThatDifferByChance() {
        System.out.println("runs of seeds 11 and 12");
        assertThat(compare(SampleRun.make(11, 1, List.of()), SampleRun.make(12, 1, List.of())))
                .as(() -> said)
                .isEqualTo(Compare.SAME);
        assertThat(said).doesNotContain(" better\n").contains(" 0 better.");
    }

    @Test
    void findsWhatGotWorseAndNothingElse() {
        System.out.println("runs of seeds 11 and 12");
        assertThat(compare(SampleRun.make(11, 1, List.of()), SampleRun.make(12, 1.3, List.of())))
                .isEqualTo(Compare.WORSE);
        assertThat(line("plain/open-1000/tunnel/culvert ", "cpu per request, µs"))
                .contains("×1.3", "worse");
        assertThat(line("plain/open-1000/tunnel/culvert ", "latency p50, ms")).contains("worse");
        assertThat(line("plain/open-1000/tunnel/haproxy-tls ", "cpu per request, µs"))
                .contains("no difference beyond the noise");
        assertThat(said).doesNotContain("Not Culvert");
    }

    @Test
    void knowsWhichWayAValueImproves() {
        assertThat(compare(one("cpu_us", STEADY), one("cpu_us", SLOWER))).isEqualTo(Compare.WORSE);
        assertThat(said).contains("10 -> 12", "×1.20 [", "worse");
        assertThat(compare(one("cpu_us", SLOWER), one("cpu_us", STEADY))).isEqualTo(Compare.SAME);
        assertThat(said).contains("12 -> 10", "better");
        assertThat(compare(one("bulk_gbit", STEADY), one("bulk_gbit", SLOWER))).isEqualTo(Compare.SAME);
        assertThat(said).contains("better");
        assertThat(compare(one("sent", STEADY), one("sent", SLOWER))).isEqualTo(Compare.SAME);
        assertThat(said).contains("differs");
        assertThat(compare(one("cpu_us", NOISY), one("cpu_us", SLOWER))).isEqualTo(Compare.SAME);
        assertThat(said).contains("no difference beyond the noise");
    }

    @Test
    void comparesWhatMayBeBelowZeroByItsDifference() {
        double[] below = {-0.3, -0.2, -0.1, -0.25, -0.15, -0.22, -0.18};
        double[] above = {0.3, 0.2, 0.1, 0.25, 0.15, 0.22, 0.18};
        assertThat(compare(one("added_ms", below), one("added_ms", above))).isEqualTo(Compare.WORSE);
        assertThat(said).contains("-0.200 -> 0.200").doesNotContain("×");
    }

    @Test
    void takesAChangeBelowTwoPercentForNone() {
        double[] a = {100, 100, 100, 100, 100, 100, 100};
        double[] b = {101, 101, 101, 101, 101, 101, 101};
        assertThat(compare(one("rss_mib", a), one("rss_mib", b))).isEqualTo(Compare.SAME);
    }

    @Test
    void countsFailuresByTheirTotalEvenInVoidRounds() {
        double[] none = new double[7];
        double[] last = {0, 0, 0, 0, 0, 0, 1};
        assertThat(compare(one("errors", none), voided(one("errors", last)))).isEqualTo(Compare.WORSE);
        assertThat(said).contains("errors", "0 -> 1", "1 void");
        assertThat(compare(one("errors", last), one("errors", new double[] {2})))
                .isEqualTo(Compare.SAME);
    }

    @Test
    void asksMoreOfFewRounds() {
        double[] a = {10, 10.4, 10.2};
        assertThat(compare(one("cpu_us", a), one("cpu_us", new double[] {10.7, 10.9, 11})))
                .isEqualTo(Compare.SAME);
        assertThat(said).contains("no difference beyond the noise");
        assertThat(compare(one("cpu_us", a), one("cpu_us", new double[] {10.9, 11, 11.2})))
                .isEqualTo(Compare.WORSE);
    }

    @Test
    void cannotTellOfOneRound() {
        assertThat(compare(one("rss_mib", new double[] {100}), one("rss_mib", new double[] {150})))
                .isEqualTo(Compare.SAME);
        assertThat(said).contains("×1.50", "cannot tell: too few rounds");
    }

    @Test
    void namesWhatOnlyOneRunHas() {
        BenchRun a = one("cpu_us", STEADY);
        BenchRun b = one("rss_mib", STEADY);
        Series extra = new Series(
                "storm", "x", "tunnel", "nginx", b.series().getFirst().rounds());
        assertThat(compare(
                        a,
                        new BenchRun(
                                b.environment(), false, List.of(b.series().getFirst(), extra), b.gaps(), List.of())))
                .isEqualTo(Compare.SAME);
        assertThat(said).contains("cpu, µs: only in A", "rss, MiB: only in B", "Only in B: storm/x/tunnel/nginx");
    }

    @Test
    void namesWhatIsDifferentAboutTheMachineAndThePeers() {
        BenchRun a = peer(STEADY, "6.1", "2.6.12");
        BenchRun b = peer(SLOWER, "6.12", "2.8.0");
        assertThat(compare(a, b)).isEqualTo(Compare.WORSE);
        assertThat(said)
                .contains("kernel: 6.1 -> 6.12", "peer haproxy: 2.6.12 -> 2.8.0", "tls: – -> 1.3")
                .contains("Not Culvert, and changed as well: haproxy-tls");
    }

    @Test
    void repeatsThatARunDoesNotCount() {
        BenchRun run = one("cpu_us", STEADY);
        BenchRun gap =
                new BenchRun(run.environment(), false, run.series(), List.of(new Gap("s", "bytes", 2, 1)), List.of());
        compare(run, gap);
        assertThat(said).contains("B does not count: s: bytes should be 2");
    }

    @Test
    void refusesABadFile() throws Exception {
        Path good = directory.resolve("good.json");
        BenchJson.write(one("cpu_us", STEADY), good);
        Path bad = Files.writeString(directory.resolve("bad.json"), "{}");
        assertThat(run(good, bad)).isEqualTo(Compare.BAD_FILE);
        assertThat(said).contains("bad.json has no \"format\"");
        assertThat(run(directory.resolve("none.json"), good)).isEqualTo(Compare.BAD_FILE);
        assertThat(said).contains("there is no file");
    }

    private int compare(BenchRun a, BenchRun b) {
        BenchJson.write(a, directory.resolve("a.json"));
        BenchJson.write(b, directory.resolve("b.json"));
        return run(directory.resolve("a.json"), directory.resolve("b.json"));
    }

    private int run(Path a, Path b) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int code = Compare.run(a, b, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        said = bytes.toString(StandardCharsets.UTF_8).replaceAll(" +->", " ->");
        return code;
    }

    /** The line that starts with {@code label} in the part of series {@code name}. */
    private String line(String name, String label) {
        String part = said.substring(said.indexOf("\n" + name));
        return part.lines().filter(l -> l.strip().startsWith(label)).findFirst().orElseThrow();
    }

    private static BenchRun one(String name, double[] values) {
        return run("culvert", name, values, environment("6.12", new TreeMap<>(), new TreeMap<>()));
    }

    private static BenchRun peer(double[] values, String kernel, String version) {
        SortedMap<String, String> settings = new TreeMap<>();
        if (kernel.equals("6.12")) {
            settings.put("tls", "1.3");
        }
        SortedMap<String, String> peers = new TreeMap<>();
        peers.put("haproxy", version);
        return run("haproxy-tls", "cpu_us", values, environment(kernel, peers, settings));
    }

    private static BenchRun run(String variant, String name, double[] values, Environment environment) {
        List<Round> rounds = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            SortedMap<String, Double> named = new TreeMap<>();
            named.put(name, values[i]);
            rounds.add(new Round(i, "", named, new TreeMap<>()));
        }
        Series series = new Series("plain", "open-1000", "tunnel", variant, rounds);
        return new BenchRun(environment, false, List.of(series), List.of(), List.of());
    }

    private static BenchRun voided(BenchRun run) {
        Series series = run.series().getFirst();
        List<Round> rounds = new ArrayList<>(series.rounds());
        Round last = rounds.removeLast();
        rounds.add(new Round(last.rotation(), "late", last.values(), last.histograms()));
        return new BenchRun(
                run.environment(),
                false,
                List.of(new Series(series.suite(), series.load(), series.topology(), series.variant(), rounds)),
                List.of(),
                List.of());
    }

    private static Environment environment(
            String kernel, SortedMap<String, String> peers, SortedMap<String, String> settings) {
        return new Environment("0.1.0", "25", kernel, "cpu", 2, "2026-01-01T00:00:00Z", List.of(), peers, settings);
    }
}
