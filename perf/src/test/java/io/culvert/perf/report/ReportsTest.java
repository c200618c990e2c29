package io.culvert.perf.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.perf.result.BenchJson;
import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Gap;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Row;
import io.culvert.perf.result.Series;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

class ReportsTest {
    @TempDir
    private static Path directory;

    private static final BenchRun RUN = SampleRun.make();
    private static List<Path> files = List.of();

    @BeforeAll
    static void write() {
        System.out.println("sample run, seed " + SampleRun.SEED);
        files = Reports.write(RUN, directory.resolve("made/on/the/way"));
    }

    @Test
    void writesJsonMarkdownHtmlAndOneBitmapPerChart() {
        assertThat(files.stream()
                        .map(f -> Objects.requireNonNull(f.getFileName()).toString()))
                .containsExactly(
                        "bench.json",
                        "bench.md",
                        "bench.html",
                        "latency-plain-open-1000-tunnel.png",
                        "cpu-plain-open-1000-tunnel-per-request-us.png",
                        "latency-plain-closed-64-tunnel.png",
                        "cpu-plain-closed-64-tunnel-per-request-us.png",
                        "latency-plain-open-1000-direct.png");
        assertThat(BenchJson.read(files.getFirst())).isEqualTo(RUN);
    }

    @Test
    void drawsBitmapsOfTheirSizeWithEveryLinesColour() throws Exception {
        Palette palette = new Palette(RUN);
        for (Path file : files.subList(3, files.size())) {
            BufferedImage image = ImageIO.read(file.toFile());
            assertThat(image.getWidth()).isEqualTo(Pngs.WIDTH);
            assertThat(image.getHeight()).isEqualTo(Pngs.HEIGHT);
            Set<Integer> colours = colours(image);
            assertThat(colours).as(file.toString()).hasSizeGreaterThan(10);
            if (file.toString().contains("latency-plain-open-1000-tunnel")) {
                for (Series s : RUN.series().subList(0, 9)) {
                    assertThat(colours)
                            .as(s.name())
                            .contains(palette.colour(s.variant()).getRGB());
                }
            }
        }
    }

    @Test
    void givesNoTwoVariantsTheSameLine() {
        Palette palette = new Palette(RUN);
        assertThat(RUN.series().stream().map(Series::variant).distinct())
                .extracting(v -> palette.style(v) + palette.dashes(v))
                .doesNotHaveDuplicates();
    }

    @Test
    void tellsEveryRowAndEveryValueInMarkdown() throws Exception {
        String text = Files.readString(files.get(1));
        for (Row row : RUN.rows()) {
            assertThat(text.lines())
                    .as(row.target().title())
                    .anyMatch(line -> line.startsWith("| " + row.target().title() + " | ")
                            && line.contains(" | " + Phrases.verdict(row.verdict()) + " | "));
        }
        assertThat(text)
                .contains("## plain · open-1000 · tunnel", "cpu per request, µs", "haproxy 2.6.12".replace(" ", " `"))
                .contains("**nginx: rotation 2 is void: the sender was late: p99 0.9 ms**")
                .contains(
                        "**envoy: 3 errors in 9 rounds**", "| errors, in all rounds | 0 | 0 | 0 | 0 | 0 | 0 | 3 | 0 |")
                .contains("seed 20250829")
                .contains("| rounds that count | 9 of 9 |", "8 of 9");
        for (List<String> table : tables(text)) {
            long columns = cells(table.getFirst());
            assertThat(table).allMatch(line -> cells(line) == columns);
        }
    }

    @Test
    void saysFirstThatARunWithAGapDoesNotCount() {
        Gap gap = new Gap("plain/open-1000/tunnel/culvert", "connections", 16, 15);
        BenchRun run = SampleRun.make(SampleRun.SEED, 1, List.of(gap));
        String says = "plain/open-1000/tunnel/culvert: connections should be 16, the agents counted 15";
        assertThat(Markdown.of(run)).contains("This run does not count", says);
        assertThat(Page.of(run)).contains("This run does not count", says);
        assertThat(Page.of(RUN)).doesNotContain("does not count");
    }

    @Test
    void makesAPageThatIsWellFormedAndLoadsNothing() throws Exception {
        String page = Files.readString(files.get(2));
        Document document = parsed(page);
        assertThat(page).doesNotContain("http://").doesNotContain("https://").doesNotContain("@import");
        assertThat(Pattern.compile("url\\(").matcher(page).find()).isFalse();
        for (Element element : elements(document, "*")) {
            assertThat(element.hasAttribute("src")).as(element.getTagName()).isFalse();
            if (element.hasAttribute("href")) {
                assertThat(element.getAttribute("href")).startsWith("#");
            }
        }
        assertThat(elements(document, "link")).isEmpty();
    }

    @Test
    void drawsALineForEverySeriesWithAHistogram() throws Exception {
        Document document = parsed(Files.readString(files.get(2)));
        for (Element section : elements(document, "section")) {
            Set<String> drawn = new HashSet<>();
            for (Element group : elements(section, "g")) {
                if (group.getAttribute("class").startsWith("curve ")) {
                    drawn.add(group.getAttribute("data-variant"));
                }
            }
            for (Group group : Group.of(RUN)) {
                if (section.getAttribute("id").equals(group.slug())
                        && !group.histogramNames().isEmpty()) {
                    List<String> expected =
                            group.drawn().stream().map(Series::variant).toList();
                    assertThat(drawn).containsExactlyInAnyOrderElementsOf(expected);
                }
            }
        }
    }

    @Test
    void showsEveryRoundOfEverySeriesAndNoOther() throws Exception {
        Document document = parsed(Files.readString(files.get(2)));
        List<String> shown = new ArrayList<>();
        int voided = 0;
        for (Element table : elements(document, "table")) {
            if (!table.getAttribute("class").equals("rounds")) {
                continue;
            }
            for (Element line : elements(table, "tr")) {
                List<Element> cells = elements(line, "td");
                if (!cells.isEmpty()) {
                    shown.add(elements(line, "th").getFirst().getTextContent() + " "
                            + cells.getFirst().getTextContent());
                    voided += line.getAttribute("class").equals("void") ? 1 : 0;
                }
            }
        }
        List<String> expected = RUN.series().stream()
                .flatMap(s -> s.rounds().stream().map(r -> s.variant() + " " + r.rotation()))
                .toList();
        assertThat(shown).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(voided).isEqualTo(1);
    }

    @Test
    void copesWithARunThatFoundNothingAndWithOneThatIsAllVoid() throws Exception {
        BenchRun empty = new BenchRun(RUN.environment(), true, List.of(), List.of(), List.of());
        assertThat(Reports.write(empty, directory.resolve("empty"))).hasSize(3);
        assertThat(parsed(Page.of(empty)).getDocumentElement().getTextContent()).contains("too short for a verdict");
        Series culvert = RUN.series().get(1);
        List<Round> rounds = culvert.rounds().stream()
                .map(r -> new Round(r.rotation(), "late", r.values(), r.histograms()))
                .toList();
        Series voided = new Series(culvert.suite(), culvert.load(), culvert.topology(), culvert.variant(), rounds);
        BenchRun run = new BenchRun(RUN.environment(), false, List.of(voided), List.of(), List.of());
        assertThat(Reports.write(run, directory.resolve("void"))).hasSize(3);
        assertThat(Markdown.of(run)).contains("| rounds that count | 0 of 9 |", "| latency p50, ms | – |");
    }

    @Test
    void keepsCurvesWithinWhatTheRoundsCanResolve() {
        Group group = Group.of(RUN).getFirst();
        for (Curve curve : Curve.of(group.drawn(), "latency")) {
            // 5,000 requests a round: one in 5,000 can be told, one in 10,000 cannot.
            assertThat(Curve.odds(curve.middle().length - 1)).isBetween(4000.0, 5000.0);
            assertThat(curve.middle()).isSorted();
            for (int i = 0; i < curve.middle().length; i++) {
                assertThat(curve.middle()[i]).isBetween(curve.least()[i], curve.most()[i]);
            }
        }
    }

    @Test
    void takesTheMachinesBusyTimeAboveDirectsFromTheSameRotation() {
        Group group = Group.of(RUN).getFirst();
        CpuBar culvert = CpuBar.of(group, "per_request_us").getFirst();
        assertThat(culvert.variant()).isEqualTo("culvert");
        assertThat(culvert.total()).isBetween(60.0, 63.0);
        assertThat(culvert.user() + culvert.system()).isBetween(60.0, 63.0);
        assertThat(culvert.machine()).isBetween(78.0, 82.0);
    }

    @Test
    void addsALineForWhatAVariantAddsToDirect() {
        Group group = Group.of(RUN).getFirst();
        List<Line> lines = Line.of(group);
        Line added = lines.stream()
                .filter(l -> l.label().equals("latency p50, ms, added to direct"))
                .findFirst()
                .orElseThrow();
        assertThat(Double.parseDouble(added.cells().getFirst().figure())).isBetween(0.3, 0.38);
        assertThat(lines)
                .noneMatch(l -> l.label().startsWith("errors") && l.label().contains("added"));
        assertThat(Markdown.of(RUN)).contains("| latency p50, ms, added to direct | 0.3");
    }

    private static Document parsed(String page) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Element> elements(Node parent, String tag) {
        NodeList found = parent instanceof Document d
                ? d.getElementsByTagName(tag)
                : ((Element) parent).getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    private static Set<Integer> colours(BufferedImage image) {
        Set<Integer> colours = new HashSet<>();
        for (int x = 0; x < image.getWidth(); x++) {
            for (int y = 0; y < image.getHeight(); y++) {
                colours.add(image.getRGB(x, y));
            }
        }
        return colours;
    }

    private static List<List<String>> tables(String markdown) {
        List<List<String>> tables = new ArrayList<>();
        boolean inside = false;
        for (String line : markdown.lines().toList()) {
            boolean row = line.startsWith("|");
            if (row && !inside) {
                tables.add(new ArrayList<>());
            }
            if (row) {
                tables.getLast().add(line);
            }
            inside = row;
        }
        return tables;
    }

    private static long cells(String line) {
        return Pattern.compile("(?<!\\\\)\\|").matcher(line).results().count();
    }
}
