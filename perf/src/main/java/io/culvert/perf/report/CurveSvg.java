package io.culvert.perf.report;

import io.culvert.perf.result.Units;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Percentile curves as SVG: the percentile on a log scale of 1/(1-p), latency on a log scale. Owned by one thread. */
final class CurveSvg {
    private static final int WIDTH = 820;
    private static final int HEIGHT = 390;
    private static final int LEFT = 54;
    private static final int TOP = 14;
    private static final int BOTTOM = 44;
    private static final int LABEL_GAP = 16;
    private static final int LETTER = 7;
    private static final String[] PERCENTILES = {"0", "50", "90", "99", "99.9", "99.99", "99.999"};
    private static final double[] ODDS = {1, 2, 10, 100, 1_000, 10_000, 100_000};

    private final Html html;
    private final Palette palette;
    private final List<Curve> curves;
    private final Axis x;
    private final Axis y;

    private CurveSvg(Html html, Palette palette, List<Curve> curves) {
        this.html = html;
        this.palette = palette;
        this.curves = curves;
        int longest = curves.stream().mapToInt(c -> c.middle().length).max().orElseThrow();
        double least = curves.stream().mapToDouble(c -> c.middle()[0]).min().orElseThrow();
        double most = curves.stream()
                .flatMapToDouble(c -> Arrays.stream(c.middle()))
                .max()
                .orElseThrow();
        int name = curves.stream().mapToInt(c -> c.variant().length()).max().orElseThrow();
        int right = Math.clamp(24 + LETTER * name, 110, 230);
        x = new Axis(1, Math.max(10, Curve.odds(longest - 1)), WIDTH - LEFT - right);
        y = Axis.around(least, most, HEIGHT - TOP - BOTTOM);
    }

    /** Draws {@code curves}, of which there is at least one, as a figure with a legend that page.js brings to life. */
    static void draw(Html html, Palette palette, List<Curve> curves, String title) {
        new CurveSvg(html, palette, curves).figure(title);
    }

    private void figure(String title) {
        html.open("figure", "class", "curves", "data-curves", data());
        html.leaf("figcaption", title + ", ms, by percentile: median of the rounds");
        html.open("div", "class", "legend");
        for (Curve curve : curves) {
            html.open("button", "type", "button", "aria-pressed", "true", "data-variant", curve.variant());
            html.open("svg", "class", "key " + palette.style(curve.variant()), "viewBox", "0 0 26 8");
            html.empty("path", "d", "M0 4H26", "stroke-dasharray", palette.dashes(curve.variant()));
            html.close().text(curve.variant()).close();
        }
        html.end();
        html.open("div", "class", "scroll plot");
        html.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "role", "img", "tabindex", "0", "aria-label", title);
        grid();
        html.open("g", "transform", "translate(" + LEFT + " " + TOP + ")");
        html.empty("line", "class", "cross", "y1", "0", "y2", number(y.length()), "visibility", "hidden");
        double[] labels = labels();
        for (int i = 0; i < curves.size(); i++) {
            curve(curves.get(i), labels[i]);
        }
        html.close().close();
        html.open("div", "class", "tip", "hidden", "hidden").close();
        html.end().end();
    }

    private void grid() {
        html.open("g", "class", "grid", "transform", "translate(" + LEFT + " " + TOP + ")");
        for (double tick : y.ticks()) {
            String at = number(y.length() - y.at(tick));
            html.empty("line", "x1", "0", "x2", number(x.length()), "y1", at, "y2", at);
            html.leaf("text", Units.round(tick), "x", "-8", "y", at, "dy", "4", "text-anchor", "end");
        }
        for (int i = 0; i < ODDS.length; i++) {
            if (ODDS[i] <= x.high() * 1.001) {
                String at = number(x.at(ODDS[i]));
                html.empty("line", "x1", at, "x2", at, "y1", "0", "y2", number(y.length()));
                html.leaf("text", PERCENTILES[i], "x", at, "y", number(y.length() + 18), "text-anchor", "middle");
            }
        }
        html.leaf(
                "text",
                "percentile of requests",
                "x",
                number(x.length() / 2),
                "y",
                number(y.length() + 38),
                "text-anchor",
                "middle");
        html.end();
    }

    private void curve(Curve curve, double label) {
        String style = palette.style(curve.variant());
        int last = curve.middle().length - 1;
        html.open("g", "class", "curve " + style, "data-variant", curve.variant());
        html.empty("path", "class", "band", "d", band(curve));
        html.open(
                "path",
                "class",
                "line",
                "d",
                path(curve.middle()),
                "stroke-dasharray",
                palette.dashes(curve.variant()));
        html.leaf("title", curve.variant()).close();
        html.empty(
                "line",
                "class",
                "leader",
                "x1",
                number(x.at(Curve.odds(last))),
                "y1",
                number(up(curve.middle()[last])),
                "x2",
                number(x.length() + 10),
                "y2",
                number(label));
        html.leaf("text", curve.variant(), "x", number(x.length() + 14), "y", number(label), "dy", "4");
        html.end();
    }

    /** Where the labels at the right stand: at their line's end, pushed apart where they would overlap. */
    private double[] labels() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < curves.size(); i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingDouble(
                i -> up(curves.get(i).middle()[curves.get(i).middle().length - 1])));
        double[] labels = new double[curves.size()];
        double next = 0;
        for (int i : order) {
            double[] middle = curves.get(i).middle();
            labels[i] = Math.max(next, up(middle[middle.length - 1]));
            next = labels[i] + LABEL_GAP;
        }
        double limit = y.length();
        for (int k = order.size() - 1; k >= 0; k--) {
            labels[order.get(k)] = Math.min(labels[order.get(k)], limit);
            limit = labels[order.get(k)] - LABEL_GAP;
        }
        return labels;
    }

    private String path(double[] values) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < values.length; i++) {
            path.append(i == 0 ? 'M' : 'L').append(point(i, values[i]));
        }
        return path.toString();
    }

    private String band(Curve curve) {
        StringBuilder path = new StringBuilder(path(curve.most()));
        for (int i = curve.least().length - 1; i >= 0; i--) {
            path.append('L').append(point(i, curve.least()[i]));
        }
        return path.append('Z').toString();
    }

    private String point(int i, double ms) {
        return number(x.at(Curve.odds(i))) + " " + number(up(ms));
    }

    private double up(double ms) {
        return Math.clamp(y.length() - y.at(ms), 0, y.length());
    }

    /** What page.js needs: geometry, and each variant's milliseconds at each point. */
    private String data() {
        String lines = curves.stream()
                .map(c -> "[\"" + c.variant().replace("\\", "\\\\").replace("\"", "\\\"") + "\",\""
                        + palette.style(c.variant()) + "\","
                        + Arrays.stream(c.middle())
                                .mapToObj(v -> String.format(Locale.ROOT, "%.3g", v))
                                .collect(Collectors.joining(",", "[", "]]")))
                .collect(Collectors.joining(",", "[", "]"));
        return String.format(
                Locale.ROOT,
                "{\"left\":%d,\"width\":%d,\"step\":%.4f,\"lines\":%s}",
                LEFT,
                WIDTH,
                x.at(Curve.odds(1)),
                lines);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
