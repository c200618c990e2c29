package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What one variant's proxies cost: medians over the rounds, in the unit of the value's name.
 *
 * @param user in user mode, NaN when not told apart
 * @param system in the kernel, NaN when not told apart
 * @param total user and system
 * @param machine the whole machine's busy time above direct's in the same rotation, NaN when unknown
 */
record CpuBar(String variant, double user, double system, double total, double machine) {
    private static final String CPU = "cpu_";

    /** What CPU is counted per in {@code group}: the X of {@code cpu_X}, {@code cpu_user_X} and so on. */
    static Set<String> measures(Group group) {
        Set<String> measures = new TreeSet<>();
        for (String name : group.valueNames()) {
            if (name.startsWith(CPU)) {
                measures.add(stripped(name.substring(CPU.length())));
            }
        }
        return measures;
    }

    private static String stripped(String name) {
        for (String part : List.of("user_", "system_", "machine_")) {
            if (name.startsWith(part)) {
                return name.substring(part.length());
            }
        }
        return name;
    }

    /** The bars of {@code measure}, without variants that have none. */
    static List<CpuBar> of(Group group, String measure) {
        List<CpuBar> bars = new ArrayList<>();
        for (Series s : group.series()) {
            double user = median(s, CPU + "user_" + measure);
            double system = median(s, CPU + "system_" + measure);
            double total = median(s, CPU + measure);
            double machine = Bootstrap.medianOf(group.added(s, CPU + "machine_" + measure));
            if (Double.isNaN(total)) {
                total = user + system;
            }
            if (!Double.isNaN(total) || !Double.isNaN(machine)) {
                bars.add(new CpuBar(s.variant(), user, system, total, machine));
            }
        }
        return bars;
    }

    /** The longest bar that has to be drawn. */
    double longest() {
        double parts = Double.isNaN(total) ? 0 : total;
        return Double.isNaN(machine) ? parts : Math.max(parts, machine);
    }

    private static double median(Series series, String name) {
        return Bootstrap.medianOf(Summary.values(series, name));
    }
}
