package io.culvert.perf.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchJsonTest {
    @TempDir
    private Path directory;

    @Test
    void readsWhatItWrote() throws Exception {
        Path file = directory.resolve("bench.json");
        BenchJson.write(run(), file);
        assertThat(BenchJson.read(file)).isEqualTo(run());
        assertThat(directory.toFile().list()).containsExactly("bench.json");
        Round round = BenchJson.read(file).series().getFirst().rounds().getFirst();
        Histogram histogram =
                Histograms.decode(Objects.requireNonNull(round.histograms().get("latency")));
        assertThat(histogram.getTotalCount()).isEqualTo(3);
        assertThat(histogram.valuesAreEquivalent(histogram.getMaxValue(), 5_000_000))
                .isTrue();
    }

    @Test
    void writesTheSameTextEveryTimeAndForPeopleToRead() throws Exception {
        Path one = directory.resolve("one.json");
        Path two = directory.resolve("two.json");
        BenchJson.write(run(), one);
        BenchJson.write(BenchJson.read(one), two);
        String text = Files.readString(one);
        assertThat(Files.readString(two)).isEqualTo(text);
        assertThat(text)
                .startsWith("{\n  \"format\" : \"culvert-bench/1\",\n  \"environment\" : {\n")
                .endsWith("}\n");
        assertThat(text.indexOf("\"a_ms\"")).isLessThan(text.indexOf("\"b_ms\""));
    }

    @Test
    void namesTheFileThatIsMissing() {
        Path file = directory.resolve("gone.json");
        assertThatThrownBy(() -> BenchJson.read(file))
                .isInstanceOf(BenchFileException.class)
                .hasMessageContaining("there is no file " + file)
                .hasMessageContaining("give a bench.json");
    }

    @Test
    void namesTheLineOfBrokenJson() {
        assertBad("{\n  \"format\" : \"culvert-bench/1\",\n  nonsense", ":3:");
    }

    @Test
    void refusesForeignFiles() {
        assertBad("{\"hello\": 1}", "has no \"format\", not \"culvert-bench/1\"");
        assertBad("[1, 2]", "has no \"format\"");
        assertBad("", "has no \"format\"");
        assertBad("{\"format\": \"culvert-bench/9\"}", "says format \"culvert-bench/9\"");
        assertBad(new byte[] {(byte) 0xff, (byte) 0xfe, 0}, "not text in UTF-8");
    }

    @Test
    void namesThePlaceOfWhatIsWrong() {
        BenchJson.write(run(), directory.resolve("bench.json"));
        assertBad(written().replace("\"rotation\" : 0", "\"rotation\" : \"first\""), ".rotation", ".series[0]");
        assertBad(
                written().replace("\"rotation\" : 0", "\"turn\" : 0"),
                "Missing creator property 'rotation' (index 0); give");
        assertBad(written().replaceFirst("\"voided\" : \"\",", ""), "voided");
        assertBad(written().replace("\"kind\" : \"RATIO\"", "\"kind\" : \"QUOTIENT\""), ".rows[0].target.kind");
        assertBad(written().replace("\"base\" : \"nginx\"", "\"base\" : \"\""), "names no base");
        assertBad(
                written().replaceFirst("\"latency\" : \"....", "\"latency\" : \"AAAA"), "histogram latency of plain/");
        assertBad(written() + "{}", "");
    }

    @Test
    void saysWhereItCannotWrite() {
        Path nowhere = directory.resolve("no/such/bench.json");
        assertThatThrownBy(() -> BenchJson.write(run(), nowhere))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(nowhere.toString());
    }

    private String written() {
        try {
            return Files.readString(directory.resolve("bench.json"));
        } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertBad(String text, String... says) {
        assertBad(text.getBytes(StandardCharsets.UTF_8), says);
    }

    private void assertBad(byte[] bytes, String... says) {
        Path file = directory.resolve("bad.json");
        try {
            Files.write(file, bytes);
        } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThatThrownBy(() -> BenchJson.read(file))
                .isInstanceOf(BenchFileException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("give a bench.json")
                .hasMessageContainingAll(says);
    }

    private static BenchRun run() {
        Histogram histogram = new Histogram(60_000_000_000L, 3);
        histogram.recordValue(1_000_000);
        histogram.recordValue(2_000_000);
        histogram.recordValue(5_000_000);
        Round round = new Round(
                0,
                "",
                new TreeMap<>(Map.of("b_ms", 2.5, "a_ms", Double.NaN)),
                new TreeMap<>(Map.of("latency", Histograms.encode(histogram))));
        Target target = new Target(
                "a row",
                "plain",
                "open-1000",
                "tunnel",
                "b_ms",
                "culvert",
                "nginx",
                "",
                Kind.RATIO,
                0.62,
                true,
                "",
                null);
        return new BenchRun(
                new Environment(
                        "0.1.0",
                        "25",
                        "6.12",
                        "x",
                        2,
                        "2026-01-01T00:00:00Z",
                        List.of("-Xmx64m"),
                        new TreeMap<>(),
                        new TreeMap<>(Map.of("tls", "1.3"))),
                true,
                List.of(new Series("plain", "open-1000", "tunnel", "culvert", List.of(round))),
                List.of(new Gap("plain/open-1000/tunnel/culvert", "connections", 10, 9)),
                List.of(new Row(target, Double.NaN, Double.NaN, Double.NaN, Verdict.NO_VERDICT, "one round")));
    }
}
