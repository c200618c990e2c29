package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Environment;
import io.culvert.perf.result.Row;
import io.culvert.perf.result.Units;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** A run as one HTML page that loads nothing: verdicts, curves, bars, every round. Owned by one thread. */
final class Page {
    private final Html html = new Html();
    private final BenchRun run;
    private final List<Group> groups;
    private final Palette palette;

    private Page(BenchRun run) {
        this.run = run;
        this.groups = Group.of(run);
        this.palette = new Palette(run);
    }

    /** The page of {@code run}, which is also well-formed XML. */
    static String of(BenchRun run) {
        Page page = new Page(run);
        page.write();
        return page.html.toString();
    }

    private void write() {
        html.open("html", "lang", "en").open("head").empty("meta", "charset", "utf-8");
        html.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        html.empty("meta", "name", "color-scheme", "content", "light dark");
        html.leaf("title", "Culvert bench, " + run.environment().startedAt());
        html.open("style")
                .raw("/*<![CDATA[*/\n" + resource("page.css") + "/*]]>*/")
                .end();
        html.end().open("body").open("main");
        header();
        rows();
        contents();
        for (Group group : groups) {
            html.open("section", "id", group.slug());
            new GroupSection(html, palette, group).write();
            html.end();
        }
        environment();
        html.end();
        html.open("script").raw("//<![CDATA[\n" + resource("page.js") + "//]]>").end();
        html.end().end();
    }

    private void header() {
        Environment e = run.environment();
        html.open("header");
        html.leaf("h1", "Culvert bench");
        html.leaf(
                "p",
                String.join(" · ", e.startedAt(), "Culvert " + e.culvert(), e.cpu(), e.cores() + " cores", e.kernel()),
                "class",
                "quiet");
        html.leaf("p", Phrases.outcome(run), "class", run.gaps().isEmpty() ? "outcome" : "outcome bad");
        if (!run.gaps().isEmpty()) {
            html.open("ul", "class", "warnings");
            run.gaps().forEach(gap -> html.leaf("li", Phrases.gap(gap)));
            html.end();
        }
        html.end();
    }

    private void rows() {
        if (run.rows().isEmpty()) {
            return;
        }
        html.open("section", "id", "verdicts").leaf("h2", "Targets").open("div", "class", "scroll");
        html.open("table", "class", "rows").open("thead").open("tr");
        for (String head : List.of("target", "verdict", "median [95 %]", "reach", "", "ztunnel")) {
            html.leaf("th", head, "scope", "col");
        }
        html.close().end().open("tbody");
        run.rows().forEach(this::row);
        html.end().end().end();
        html.leaf(
                "p",
                "The tinted half of each bar is the right side of the bound; the dot is the median, the line its"
                        + " interval.",
                "class",
                "quiet");
        html.end();
    }

    private void row(Row row) {
        String verdict = row.verdict().name().toLowerCase(Locale.ROOT).replace('_', '-');
        html.open("tr", "class", verdict);
        html.open("th", "scope", "row").text(row.target().title());
        html.leaf("small", Phrases.against(row.target()) + "; " + row.why()).close();
        html.open("td")
                .leaf("span", Phrases.verdict(row.verdict()), "class", "chip")
                .close();
        html.leaf("td", Phrases.figure(row), "class", "number");
        html.leaf("td", Phrases.bound(row.target()), "class", "number");
        html.open("td");
        RowSvg.draw(html, row);
        html.close().leaf("td", Phrases.reference(row.target()), "class", "number");
        html.end();
    }

    private void contents() {
        if (groups.size() < 2) {
            return;
        }
        html.open("nav", "aria-label", "Loads");
        for (Group group : groups) {
            html.leaf("a", group.title(), "href", "#" + group.slug());
        }
        html.end();
    }

    private void environment() {
        Environment e = run.environment();
        html.open("section", "id", "environment")
                .leaf("h2", "Environment and method")
                .open("dl");
        entry("Culvert", e.culvert());
        entry("JDK", e.jdk());
        entry("machine", e.cpu() + ", " + e.cores() + " cores, Linux " + e.kernel());
        entry("agent's JVM flags", e.flags().isEmpty() ? "none" : String.join(" ", e.flags()));
        for (Map.Entry<String, String> peer : e.peers().entrySet()) {
            entry(peer.getKey(), peer.getValue());
        }
        for (Map.Entry<String, String> setting : e.settings().entrySet()) {
            entry(setting.getKey(), setting.getValue());
        }
        html.end().leaf("p", Phrases.method());
        Set<String> all = new TreeSet<>();
        groups.forEach(g -> all.addAll(g.valueNames()));
        if (all.stream().anyMatch(name -> Units.better(name) == Units.Better.NONE)) {
            html.leaf("p", "Failures are counted over all rounds, void ones too.");
        }
        html.end();
    }

    private void entry(String name, String value) {
        html.open("div").leaf("dt", name).leaf("dd", value).close();
    }

    private static String resource(String name) {
        try (InputStream in = Objects.requireNonNull(Page.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name + " out of the perf jar; build it anew", e);
        }
    }
}
