package io.culvert.cni;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What of ours iptables-save shows of one family: our chains, their rules, and the jumps to them. Immutable. */
final class LiveTables {
    static final LiveTables NONE = new LiveTables(Map.of(), Map.of(), "");

    private final Map<String, Set<String>> chains;
    private final Map<String, Map<String, Integer>> references;
    private final String text;

    private LiveTables(Map<String, Set<String>> chains, Map<String, Map<String, Integer>> references, String text) {
        this.chains = chains;
        this.references = references;
        this.text = text;
    }

    /** Reads the output of iptables-save; rules and chains of others are left out. */
    static LiveTables parse(String saved) {
        Map<String, Set<String>> chains = new TreeMap<>();
        Map<String, Map<String, Integer>> references = new TreeMap<>();
        Map<String, List<String>> own = new TreeMap<>();
        String table = "";
        for (String line : saved.lines().toList()) {
            if (line.startsWith("*")) {
                table = line.substring(1).strip();
            } else if (line.startsWith(":" + IptablesWriter.PREFIX)) {
                chains.computeIfAbsent(table, t -> new TreeSet<>()).add(line.substring(1, line.indexOf(' ')));
                own.computeIfAbsent(table, t -> new ArrayList<>()).add(line.substring(0, line.indexOf(' ')));
            } else if (line.startsWith("-A " + IptablesWriter.PREFIX)) {
                own.computeIfAbsent(table, t -> new ArrayList<>()).add(line.strip());
            } else if (line.startsWith("-A ") && line.contains(" " + IptablesWriter.PREFIX)) {
                references
                        .computeIfAbsent(table, t -> new TreeMap<>())
                        .merge(line.substring(3).strip(), 1, Integer::sum);
                own.computeIfAbsent(table, t -> new ArrayList<>()).add(line.strip());
            }
        }
        StringBuilder text = new StringBuilder();
        own.forEach((name, lines) -> {
            // Chains are listed in no fixed order; the rules of one chain are, and sorting is stable by chain name.
            lines.sort((a, b) -> chainOf(a).compareTo(chainOf(b)));
            text.append('*').append(name).append('\n');
            lines.forEach(line -> text.append(line).append('\n'));
        });
        return new LiveTables(chains, references, text.toString());
    }

    Set<String> ownChains(String table) {
        return chains.getOrDefault(table, Set.of());
    }

    /** Rules of foreign chains that jump to ours ("PREROUTING -j CULVERT_PREROUTING"), with how often each stands. */
    Map<String, Integer> references(String table) {
        return references.getOrDefault(table, Map.of());
    }

    /** How many rules stand in {@code chain}, one of ours. */
    int size(String table, String chain) {
        String part = text.substring(Math.max(0, text.indexOf("*" + table + "\n")));
        return (int) part.lines()
                .takeWhile(line -> line.equals("*" + table) || !line.startsWith("*"))
                .filter(line -> line.startsWith("-A " + chain + " "))
                .count();
    }

    /** All of ours, ordered, for comparison. */
    String text() {
        return text;
    }

    private static String chainOf(String line) {
        String name = line.startsWith("-A ") ? line.substring(3) : line.substring(1);
        int space = name.indexOf(' ');
        return space < 0 ? name : name.substring(0, space);
    }
}
