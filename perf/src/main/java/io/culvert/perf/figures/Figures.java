package io.culvert.perf.figures;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** {@code culvert bench figures [NAME...]}: measures each figure and says whether its target was reached. */
public final class Figures {
    private static final List<Figure> ALL = List.of(new AgentKill());

    private Figures() {}

    /** Measures the figures of these names, or all; 0 when every target was reached, 1 when not, 64 for bad usage. */
    public static int run(List<String> names) throws Exception {
        List<String> unknown = names.stream()
                .filter(name -> ALL.stream().noneMatch(f -> f.name().equals(name)))
                .toList();
        if (!unknown.isEmpty()) {
            System.err.println("culvert bench figures: no figure " + String.join(", ", unknown) + "; there are "
                    + ALL.stream().map(Figure::name).collect(Collectors.joining(", ")));
            return 64;
        }
        List<Figure> chosen = ALL.stream()
                .filter(f -> names.isEmpty() || names.contains(f.name()))
                .toList();
        boolean reached = true;
        List<String> table = new ArrayList<>(List.of("| figure | measured | target | |", "|---|---|---|---|"));
        for (Figure figure : chosen) {
            System.out.println(figure.name() + ": " + figure.title());
            for (Figure.Row row : figure.measure(line -> System.out.println("  " + line))) {
                reached &= row.reached();
                table.add(String.format(
                        Locale.ROOT,
                        "| %s: %s | %s | %s | %s |",
                        figure.name(),
                        row.what(),
                        row.measured(),
                        row.target(),
                        row.target().equals("-") ? "" : row.reached() ? "reached" : "NOT REACHED"));
            }
        }
        System.out.println();
        table.forEach(System.out::println);
        return reached ? 0 : 1;
    }
}
