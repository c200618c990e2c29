package io.culvert.perf.report;

import io.culvert.perf.result.Series;
import io.culvert.perf.result.Units;
import java.util.ArrayList;
import java.util.List;

/**
 * One line of a group's table, a cell for each series. Immutable.
 *
 * @param label the value with its unit
 */
record Line(String label, List<Cell> cells) {
    /**
     * A figure and what it varied by.
     *
     * @param figure the median; of failures the total over all rounds, for a median can hide them; "–" when not measured
     * @param spread the range of the rounds as {@code 1.20 … 1.31}; "" for failures and when there are not two rounds
     */
    record Cell(String figure, String spread) {}

    /** The lines of {@code group}: each value, and beside a value that the baseline has too, what is added to it. */
    static List<Line> of(Group group) {
        List<Line> lines = new ArrayList<>();
        for (String name : group.valueNames()) {
            Units.Better better = Units.better(name);
            List<Cell> cells = new ArrayList<>();
            List<Cell> added = new ArrayList<>();
            for (Series s : group.series()) {
                cells.add(
                        better == Units.Better.NONE
                                ? new Cell(Units.plain(Summary.total(s, name)), "")
                                : cell(Summary.of(Summary.values(s, name))));
                added.add(cell(Summary.of(group.added(s, name))));
            }
            lines.add(new Line(
                    Phrases.label(name) + (better == Units.Better.NONE ? ", in all rounds" : ""), List.copyOf(cells)));
            if (better == Units.Better.LESS
                    && added.stream().anyMatch(c -> !c.figure().equals("–"))) {
                lines.add(new Line(Phrases.label(name) + ", added to direct", List.copyOf(added)));
            }
        }
        return lines;
    }

    private static Cell cell(Summary summary) {
        String spread = summary.rounds() < 2 ? "" : Units.plain(summary.least()) + " … " + Units.plain(summary.most());
        return new Cell(Units.plain(summary.median()), spread);
    }
}
