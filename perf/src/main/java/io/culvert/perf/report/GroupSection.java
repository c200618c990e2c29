package io.culvert.perf.report;

import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The part of the page about one load: warnings, curves, CPU bars, medians, every round. Owned by one thread. */
final class GroupSection {
    private final Html html;
    private final Palette palette;
    private final Group group;

    GroupSection(Html html, Palette palette, Group group) {
        this.html = html;
        this.palette = palette;
        this.group = group;
    }

    void write() {
        html.leaf("h2", group.title());
        List<String> warnings = Phrases.warnings(group);
        if (!warnings.isEmpty()) {
            html.open("ul", "class", "warnings");
            warnings.forEach(warning -> html.leaf("li", warning));
            html.end();
        }
        List<String> histograms = group.histogramNames();
        for (int i = 0; i < histograms.size(); i++) {
            curves(histograms.get(i), i > 0);
        }
        for (String measure : CpuBar.measures(group)) {
            bars(measure);
        }
        medians();
        rounds();
    }

    private void curves(String histogram, boolean folded) {
        List<Curve> curves = Curve.of(group.drawn(), histogram);
        if (curves.isEmpty()) {
            return;
        }
        String title = histogram.replace('_', ' ');
        if (folded) {
            html.open("details").leaf("summary", "Percentiles of " + title);
        }
        CurveSvg.draw(html, palette, curves, title);
        if (folded) {
            html.end();
        }
    }

    private void bars(String measure) {
        List<CpuBar> bars = CpuBar.of(group, measure);
        double longest = bars.stream().mapToDouble(CpuBar::longest).max().orElse(0);
        if (longest <= 0) {
            return;
        }
        String unit = Units.of(measure);
        html.open("figure", "class", "bars");
        html.leaf("figcaption", "CPU " + Units.title(measure) + (unit.isEmpty() ? "" : ", " + unit));
        html.open("div", "class", "legend");
        for (String part : List.of("user", "system", "machine")) {
            String label = part.equals("machine") ? "machine's busy time above direct" : "proxies, " + part;
            html.open("span")
                    .open("i", "class", "key " + part)
                    .close()
                    .text(label)
                    .close();
        }
        html.end().open("div", "class", "grid");
        bars.forEach(bar -> bar(bar, longest));
        html.end().end();
    }

    private void bar(CpuBar bar, double longest) {
        html.leaf("span", bar.variant(), "class", "name");
        html.open("div", "class", "pair");
        if (!Double.isNaN(bar.total())) {
            html.open("div", "class", "track");
            if (Double.isNaN(bar.user()) || Double.isNaN(bar.system())) {
                part("user", "user and system", bar.total(), longest);
            } else {
                part("user", "user", bar.user(), longest);
                part("system", "system", bar.system(), longest);
            }
            html.leaf("b", Units.plain(bar.total())).close();
        }
        if (!Double.isNaN(bar.machine())) {
            html.open("div", "class", "track thin");
            part("machine", "machine above direct", bar.machine(), longest);
            html.leaf("b", Units.plain(bar.machine())).close();
        }
        html.end();
    }

    private void part(String style, String what, double value, double longest) {
        // The widest bar leaves a fifth of the track to its figure.
        double share = Math.max(0, 80 * value / longest);
        html.open(
                        "i",
                        "class",
                        style,
                        "style",
                        String.format(Locale.ROOT, "width:%.2f%%", share),
                        "title",
                        what + " " + Units.plain(value))
                .close();
    }

    private void medians() {
        html.open("details", "open", "open").leaf("summary", "Median of every value, and the range of the rounds");
        html.open("div", "class", "scroll").open("table");
        html.open("thead").open("tr").leaf("th", "", "scope", "col");
        group.series().forEach(s -> html.leaf("th", s.variant(), "scope", "col"));
        html.close().end().open("tbody");
        for (Line line : Line.of(group)) {
            html.open("tr").leaf("th", line.label(), "scope", "row");
            for (Line.Cell cell : line.cells()) {
                html.open("td", "class", "number").text(cell.figure());
                html.leaf("small", cell.spread()).close();
            }
            html.end();
        }
        html.end().end().end().end();
    }

    private void rounds() {
        Set<String> names = group.valueNames();
        html.open("details").leaf("summary", "Every round");
        html.open("div", "class", "scroll").open("table", "class", "rounds");
        html.open("thead").open("tr");
        List<String> head = new ArrayList<>(List.of("variant", "rotation", "void"));
        names.forEach(name -> head.add(Phrases.label(name)));
        head.forEach(text -> html.leaf("th", text, "scope", "col"));
        html.close().end().open("tbody");
        for (Series s : group.series()) {
            for (Round round : s.rounds()) {
                html.open("tr", "class", round.counts() ? "" : "void");
                html.leaf("th", s.variant(), "scope", "row");
                html.leaf("td", String.valueOf(round.rotation()), "class", "number");
                html.leaf("td", round.voided());
                for (String name : names) {
                    Double value = round.values().get(name);
                    html.leaf("td", value == null ? "" : Units.plain(value), "class", "number");
                }
                html.end();
            }
        }
        html.end().end().end().end();
    }
}
