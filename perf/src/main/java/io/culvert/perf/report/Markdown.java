package io.culvert.perf.report;

import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Environment;
import io.culvert.perf.result.Gap;
import io.culvert.perf.result.Row;
import io.culvert.perf.result.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A run as Markdown, for a pull request or a README. Owned by one thread. */
final class Markdown {
    private final StringBuilder out = new StringBuilder();

    private Markdown() {}

    static String of(BenchRun run) {
        Markdown markdown = new Markdown();
        markdown.line("# Culvert bench, " + escaped(run.environment().startedAt()));
        markdown.paragraph("**" + Phrases.outcome(run) + "**");
        markdown.gaps(run.gaps());
        markdown.rows(run.rows());
        Group.of(run).forEach(markdown::group);
        markdown.environment(run.environment());
        markdown.paragraph(Phrases.method());
        return markdown.out.toString();
    }

    private void gaps(List<Gap> gaps) {
        if (!gaps.isEmpty()) {
            line("");
            gaps.forEach(gap -> line("- " + escaped(Phrases.gap(gap))));
        }
    }

    private void rows(List<Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            cells.add(List.of(
                    row.target().title(),
                    Phrases.figure(row),
                    Phrases.bound(row.target()),
                    Phrases.reference(row.target()),
                    Phrases.verdict(row.verdict()),
                    Phrases.against(row.target()) + "; " + row.why()));
        }
        line("");
        table(List.of("target", "median [95 %]", "reach", "ztunnel", "verdict", "basis"), cells);
    }

    private void group(Group group) {
        line("");
        line("## " + escaped(group.title()));
        List<String> warnings = Phrases.warnings(group);
        if (!warnings.isEmpty()) {
            line("");
            warnings.forEach(warning -> line("- **" + escaped(warning) + "**"));
        }
        List<String> head = new ArrayList<>(List.of("median (range)"));
        List<String> rounds = new ArrayList<>(List.of("rounds that count"));
        for (Series s : group.series()) {
            head.add(s.variant());
            long counting = s.rounds().stream().filter(r -> r.counts()).count();
            rounds.add(counting + " of " + s.rounds().size());
        }
        List<List<String>> cells = new ArrayList<>();
        cells.add(rounds);
        for (Line line : Line.of(group)) {
            List<String> row = new ArrayList<>(List.of(line.label()));
            for (Line.Cell cell : line.cells()) {
                row.add(cell.figure() + (cell.spread().isEmpty() ? "" : " (" + cell.spread() + ")"));
            }
            cells.add(row);
        }
        line("");
        table(head, cells);
    }

    private void environment(Environment environment) {
        line("");
        line("## Environment");
        line("");
        line("- Culvert " + escaped(environment.culvert()) + ", JDK " + escaped(environment.jdk()));
        line("- " + escaped(environment.cpu()) + ", " + environment.cores() + " cores, Linux "
                + escaped(environment.kernel()));
        line("- agent's flags: " + code(String.join(" ", environment.flags())));
        list("peers", environment.peers());
        list("settings", environment.settings());
    }

    private void list(String title, Map<String, String> entries) {
        List<String> texts = new ArrayList<>();
        entries.forEach((name, value) -> texts.add(escaped(name) + " " + code(value)));
        line("- " + title + ": " + (texts.isEmpty() ? "none" : String.join(", ", texts)));
    }

    private void table(List<String> head, List<List<String>> rows) {
        line("| " + String.join(" | ", head.stream().map(Markdown::escaped).toList()) + " |");
        line("|" + "---|".repeat(head.size()));
        for (List<String> row : rows) {
            line("| " + String.join(" | ", row.stream().map(Markdown::escaped).toList()) + " |");
        }
    }

    private void paragraph(String text) {
        line("");
        line(text);
    }

    private void line(String text) {
        out.append(text).append('\n');
    }

    private static String code(String text) {
        return text.isEmpty() ? "none" : "`" + text.replace('`', '\'').replace('\n', ' ') + "`";
    }

    /** Names come from scripts of users: what would end a cell or start markup is made harmless. */
    private static String escaped(String text) {
        return text.replace('\n', ' ')
                .replace("\\", "\\\\")
                .replace("|", "\\|")
                .replace("*", "\\*")
                .replace("_", "\\_")
                .replace("`", "\\`")
                .replace("<", "&lt;");
    }
}
