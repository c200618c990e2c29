package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Units;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The charts as bitmaps, for slides and pull requests: drawn without a display, but not without fonts. Any thread. */
final class Pngs {
    static final int WIDTH = 1100;
    static final int HEIGHT = 620;

    private static final Color GRID = new Color(0xe1e0d9);
    private static final Color USER_AND_SYSTEM = new Color(0x2a78d6);
    private static final Color MACHINE = new Color(0xa8a69e);

    private Pngs() {}

    /** One latency chart per load that has a latency histogram, one CPU chart per load and measure. */
    static List<Path> write(BenchRun run, Path directory) {
        // Without it the JDK looks for a display and fails where there is none.
        System.setProperty("java.awt.headless", "true");
        Palette palette = new Palette(run);
        List<Path> files = new ArrayList<>();
        for (Group group : Group.of(run)) {
            for (String histogram : group.histogramNames().stream().limit(1).toList()) {
                List<Curve> curves = Curve.of(group.drawn(), histogram);
                if (!curves.isEmpty()) {
                    String title = group.title() + ": " + histogram.replace('_', ' ') + ", ms";
                    files.add(save(latency(title, curves, palette), directory.resolve("latency-" + group.slug())));
                }
            }
            for (String measure : CpuBar.measures(group)) {
                List<CpuBar> bars = CpuBar.of(group, measure);
                if (bars.stream().anyMatch(bar -> bar.longest() > 0)) {
                    String title = group.title() + ": CPU " + Phrases.label(measure);
                    String name = "cpu-" + group.slug() + "-" + measure.replaceAll("[^A-Za-z0-9.-]+", "-");
                    files.add(save(cpu(title, bars), directory.resolve(name)));
                }
            }
        }
        return files;
    }

    private static XYChart latency(String title, List<Curve> curves, Palette palette) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("percentile of requests")
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisLogarithmic(true);
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setXAxisLogarithmicDecadeOnly(true);
        chart.getStyler().setYAxisLogarithmicDecadeOnly(false);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        chart.getStyler().setXAxisTickLabelsFormattingFunction(Pngs::percentile);
        chart.getStyler().setYAxisTickLabelsFormattingFunction(Pngs::tick);
        double least = curves.stream().mapToDouble(c -> c.middle()[0]).min().orElseThrow();
        double most = curves.stream()
                .flatMapToDouble(c -> Arrays.stream(c.middle()))
                .max()
                .orElseThrow();
        Axis axis = Axis.around(least, most, HEIGHT);
        chart.getStyler().setYAxisMin(axis.low()).setYAxisMax(axis.high());
        for (Curve curve : curves) {
            double[] x = new double[curve.middle().length];
            Arrays.setAll(x, Curve::odds);
            XYSeries series = chart.addSeries(curve.variant(), x, curve.middle());
            series.setMarker(SeriesMarkers.NONE);
            series.setLineColor(palette.colour(curve.variant()));
            series.setLineStyle(stroke(palette.dashes(curve.variant())));
        }
        return chart;
    }

    private static CategoryChart cpu(String title, List<CpuBar> bars) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .build();
        style(chart.getStyler());
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
        chart.getStyler().setAvailableSpaceFill(0.7);
        chart.getStyler().setLabelsVisible(true);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        chart.getStyler().setYAxisMin(0.0);
        List<String> variants = bars.stream().map(CpuBar::variant).toList();
        chart.addSeries(
                        "proxies, user and system",
                        variants,
                        heights(bars.stream().map(CpuBar::total).toList()))
                .setFillColor(USER_AND_SYSTEM);
        chart.addSeries(
                        "machine's busy time above direct",
                        variants,
                        heights(bars.stream().map(CpuBar::machine).toList()))
                .setFillColor(MACHINE);
        return chart;
    }

    /** Three digits, because the labels show every one; what is unknown has no height. */
    private static List<Double> heights(List<Double> values) {
        return values.stream()
                .map(v -> Double.isNaN(v)
                        ? 0.0
                        : new BigDecimal(v).round(new MathContext(3)).doubleValue())
                .toList();
    }

    private static void style(AxesChartStyler styler) {
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(1));
        styler.setChartTitleBoxVisible(false);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setLegendPosition(Styler.LegendPosition.OutsideE);
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setChartPadding(14);
    }

    private static BasicStroke stroke(String dashes) {
        if (dashes.isEmpty()) {
            return new BasicStroke(2.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
        }
        String[] parts = dashes.split(" ", -1);
        float[] lengths = new float[parts.length];
        for (int i = 0; i < parts.length; i++) {
            lengths[i] = 1.5f * Float.parseFloat(parts[i]);
        }
        return new BasicStroke(2.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, lengths, 0);
    }

    /** The percentile that one in {@code odds} lies beyond. */
    private static String percentile(double odds) {
        return Units.round(100 * (1 - 1 / odds));
    }

    /** Only 1, 2 and 5 of a decade: the others would touch each other. */
    private static String tick(double value) {
        String text = Units.round(value);
        String digits = text.replaceAll("[0.]", "");
        return digits.equals("1") || digits.equals("2") || digits.equals("5") ? text : "";
    }

    private static Path save(Chart<?, ?> chart, Path name) {
        Path file = name.resolveSibling(name.getFileName() + ".png");
        try {
            ByteArrayOutputStream bitmap = new ByteArrayOutputStream();
            ImageIO.write(drawn(chart, file), "png", bitmap);
            return Files.write(file, bitmap.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + "; is its directory writable?", e);
        }
    }

    private static BufferedImage drawn(Chart<?, ?> chart, Path file) {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            chart.paint(graphics, WIDTH, HEIGHT);
            return image;
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (Error e) {
            // A machine without fonts: the JDK has an Error, an InternalError or a LinkageError for it, by what is
            // missing.
            throw new UncheckedIOException(new IOException(
                    "cannot draw " + file + ": " + e.getMessage() + "; install fontconfig and a font"
                            + " (fonts-dejavu-core). The run's JSON, Markdown and HTML are written",
                    e));
        } finally {
            graphics.dispose();
        }
    }
}
