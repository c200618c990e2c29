package io.culvert.perf.report;

import io.culvert.perf.result.Row;
import java.util.Locale;

/** A row's interval against its bound, which always stands in the middle: what is right of it is too much, or enough. */
final class RowSvg {
    private static final double WIDTH = 120;
    private static final double HEIGHT = 20;

    private RowSvg() {}

    static void draw(Html html, Row row) {
        if (Double.isNaN(row.value())) {
            html.text("–");
            return;
        }
        double bound = row.target().bound();
        double low = Double.isNaN(row.low()) ? row.value() : row.low();
        double high = Double.isNaN(row.high()) ? row.value() : row.high();
        double reach = Math.max(Math.abs(bound) * 0.1, 1.15 * Math.max(Math.abs(low - bound), Math.abs(high - bound)));
        double scale = reach == 0 ? 0 : WIDTH / 2 / reach;
        html.open(
                "svg",
                "class",
                "interval",
                "viewBox",
                "0 0 " + (int) WIDTH + " " + (int) HEIGHT,
                "role",
                "img",
                "aria-label",
                Phrases.figure(row) + ", reach " + Phrases.bound(row.target()));
        boolean atMost = row.target().atMost();
        html.empty("rect", "class", "right", "x", atMost ? "0" : at(0, scale), "width", at(0, scale), "height", "20");
        html.empty("line", "class", "bound", "x1", at(0, scale), "x2", at(0, scale), "y1", "1", "y2", "19");
        html.empty(
                "line",
                "class",
                "span",
                "x1",
                at(low - bound, scale),
                "x2",
                at(high - bound, scale),
                "y1",
                "10",
                "y2",
                "10");
        html.empty("circle", "cx", at(row.value() - bound, scale), "cy", "10", "r", "4");
        html.close();
    }

    private static String at(double fromBound, double scale) {
        return String.format(Locale.ROOT, "%.1f", WIDTH / 2 + fromBound * scale);
    }
}
