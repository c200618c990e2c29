package io.culvert.perf.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictsTest {
    private static final double[] STEADY = {1.00, 1.01, 0.99, 1.02, 0.98, 1.00, 1.01};

    @ParameterizedTest(name = "ratio 0.5, bound {0}, at most {1}: {2}")
    @CsvSource({
        "0.55, true, MET", "0.50, true, TOO_NOISY", "0.45, true, NOT_MET",
        "0.45, false, MET", "0.50, false, TOO_NOISY", "0.55, false, NOT_MET",
    })
    void judgesByTheWholeInterval(double bound, boolean atMost, Verdict verdict) {
        double[] half = {0.51, 0.50, 0.49, 0.50, 0.50, 0.51, 0.50};
        List<Series> series = List.of(series("culvert", half), series("haproxy-tls", STEADY));
        Row row = judge(ratio("cpu_us", bound, atMost), series, false);
        assertThat(row.verdict()).isEqualTo(verdict);
        assertThat(row.value()).isCloseTo(0.5, within(0.01));
        assertThat(row.low()).isLessThan(row.value());
        assertThat(row.high()).isGreaterThan(row.value());
    }

    @Test
    void comparesWithinARotationSoThatWhatMovesBothMovesNothing() {
        double[] swings = {1, 5, 2, 8, 3, 1, 9};
        double[] half = {0.5, 2.5, 1, 4, 1.5, 0.5, 4.5};
        List<Series> series = List.of(series("culvert", half), series("haproxy-tls", swings));
        Row row = judge(ratio("cpu_us", 0.6, true), series, false);
        assertThat(row.low()).isEqualTo(0.5);
        assertThat(row.high()).isEqualTo(0.5);
        assertThat(row.verdict()).isEqualTo(Verdict.MET);
    }

    @Test
    void leavesOutAVoidRoundAndItsPartner() {
        List<Round> rounds = new ArrayList<>(series("culvert", STEADY).rounds());
        rounds.set(2, new Round(2, "the sender was late", rounds.get(2).values(), new TreeMap<>()));
        Series voided = new Series("plain", "open-1000", "tunnel", "culvert", rounds);
        Row row = judge(ratio("cpu_us", 1.1, true), List.of(voided, series("haproxy-tls", STEADY)), false);
        assertThat(row.verdict()).isEqualTo(Verdict.MET);
        assertThat(row.why()).startsWith("6 rotations of 7");
    }

    @Test
    void takesDirectOffBothSidesForAddedLatency() {
        List<Series> series = List.of(
                series("culvert", new double[] {3, 4, 5, 3, 4, 5, 4}),
                series("haproxy-tls", new double[] {5, 6, 7, 5, 6, 7, 6}),
                series("direct", new double[] {1, 2, 3, 1, 2, 3, 2}));
        Row ratio = judge(ratio("added:cpu_us", 1, true), series, false);
        assertThat(ratio.value()).isEqualTo(0.5);
        assertThat(ratio.verdict()).isEqualTo(Verdict.MET);
        Row difference = judge(target("added:cpu_us", Kind.DIFFERENCE, "haproxy-tls", -1, true), series, false);
        assertThat(difference.value()).isEqualTo(-2);
        Row absolute = judge(target("added:cpu_us", Kind.ABSOLUTE, "", 2, true), series, false);
        assertThat(absolute.value()).isEqualTo(2);
        assertThat(absolute.verdict()).isEqualTo(Verdict.MET);
    }

    @Test
    void findsDirectInItsOwnTopologyToo() {
        Series direct = new Series(
                "plain",
                "open-1000",
                "direct",
                "direct",
                series("direct", new double[] {1, 1, 1, 1, 1, 1, 1}).rounds());
        List<Series> series = List.of(series("culvert", new double[] {3, 3, 3, 3, 3, 3, 3}), direct);
        assertThat(judge(target("added:cpu_us", Kind.ABSOLUTE, "", 2, true), series, false)
                        .value())
                .isEqualTo(2);
    }

    @Test
    void takesTheBaseFromAnotherTopologyWhenToldTo() {
        Series relay = new Series(
                "plain",
                "open-1000",
                "relay",
                "haproxy-tcp",
                series("haproxy-tcp", STEADY).rounds());
        Target target = new Target(
                "t",
                "plain",
                "open-1000",
                "tunnel",
                "cpu_us",
                "culvert",
                "haproxy-tcp",
                "relay",
                Kind.RATIO,
                1,
                true,
                "",
                null);
        assertThat(judge(target, List.of(series("culvert", STEADY), relay), false)
                        .value())
                .isEqualTo(1);
    }

    @Test
    void saysWhatWasNotMeasured() {
        List<Series> series = List.of(series("culvert", STEADY));
        Row noBase = judge(ratio("cpu_us", 1, true), series, false);
        assertThat(noBase.verdict()).isEqualTo(Verdict.NOT_MEASURED);
        assertThat(noBase.why()).isEqualTo("no series plain/open-1000/tunnel/haproxy-tls");
        assertThat(noBase.value()).isNaN();
        assertThat(judge(target("added:cpu_us", Kind.ABSOLUTE, "", 2, true), series, false)
                        .why())
                .contains("/direct to hold cpu_us of culvert against");
        assertThat(judge(target("rss_mib", Kind.ABSOLUTE, "", 2, true), series, false)
                        .why())
                .contains("has no rss_mib in 7 rounds, 0 of them void");
    }

    @Test
    void dividesByNoZero() {
        List<Series> series = List.of(series("culvert", STEADY), series("haproxy-tls", new double[7]));
        Row row = judge(ratio("cpu_us", 1, true), series, false);
        assertThat(row.verdict()).isEqualTo(Verdict.NOT_MEASURED);
        assertThat(row.why()).contains("the base is not 0");
    }

    @Test
    void givesNoVerdictAfterAQuickRunButTheFigures() {
        Row row = judge(
                ratio("cpu_us", 9, true), List.of(series("culvert", STEADY), series("haproxy-tls", STEADY)), true);
        assertThat(row.verdict()).isEqualTo(Verdict.NO_VERDICT);
        assertThat(row.value()).isEqualTo(1);
    }

    @Test
    void judgesAFigureOfOneRoundByItself() {
        Target target = target("cpu_us", Kind.ABSOLUTE, "", 3, true);
        Row row = judge(target, List.of(series("culvert", new double[] {2.5})), false);
        assertThat(row.verdict()).isEqualTo(Verdict.MET);
        assertThat(row.low()).isEqualTo(2.5);
        assertThat(row.high()).isEqualTo(2.5);
    }

    @Test
    void cannotTellFromTheOneRoundThatIsLeftOfSeveral() {
        Round kept = series("culvert", new double[] {1}).rounds().getFirst();
        Round gone = new Round(1, "late", kept.values(), kept.histograms());
        Series series = new Series("plain", "open-1000", "tunnel", "culvert", List.of(kept, gone));
        Row row = judge(target("cpu_us", Kind.ABSOLUTE, "", 3, true), List.of(series), false);
        assertThat(row.verdict()).isEqualTo(Verdict.TOO_NOISY);
        assertThat(row.value()).isEqualTo(1);
        assertThat(row.high()).isNaN();
        assertThat(row.why()).contains("no interval");
    }

    @Test
    void saysThatAFewRoundsGiveTheRange() {
        Row row = judge(
                target("cpu_us", Kind.ABSOLUTE, "", 3, true),
                List.of(series("culvert", new double[] {1, 2, 2.9})),
                false);
        assertThat(row.verdict()).isEqualTo(Verdict.MET);
        assertThat(row.high()).isEqualTo(2.9);
        assertThat(row.why()).contains("too few for a 95 % interval");
    }

    @Test
    void refusesARatioWithoutABase() {
        assertThatThrownBy(() -> target("cpu_us", Kind.RATIO, "", 1, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("names no base");
    }

    private static Row judge(Target target, List<Series> series, boolean quick) {
        List<Row> rows = Verdicts.judge(List.of(target), series, quick);
        assertThat(rows).hasSize(1);
        return rows.getFirst();
    }

    private static Target ratio(String metric, double bound, boolean atMost) {
        return target(metric, Kind.RATIO, "haproxy-tls", bound, atMost);
    }

    private static Target target(String metric, Kind kind, String base, double bound, boolean atMost) {
        return new Target(
                "t", "plain", "open-1000", "tunnel", metric, "culvert", base, "", kind, bound, atMost, "", null);
    }

    private static Series series(String variant, double[] values) {
        List<Round> rounds = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            TreeMap<String, Double> named = new TreeMap<>();
            named.put("cpu_us", values[i]);
            rounds.add(new Round(i, "", named, new TreeMap<>()));
        }
        return new Series("plain", "open-1000", "tunnel", variant, rounds);
    }
}
