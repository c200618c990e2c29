package io.culvert.perf.report;

import io.culvert.perf.result.Bootstrap;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

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
            double user = Summary.of(s, CPU + "user_" + measure).median();
            double system = Summary.of(s, CPU + "system_" + measure).median();
            double total = Summary.of(s, CPU + measure).median();
            double machine = aboveDirect(s, group.baseline(), CPU + "machine_" + measure);
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

    private static double aboveDirect(Series series, @Nullable Series direct, String name) {
        if (direct == null || series.variant().equals(Group.DIRECT)) {
            return Double.NaN;
        }
        List<Double> above = new ArrayList<>();
        for (Round round : series.rounds()) {
            Double busy = round.values().get(name);
            Double idle = in(direct, round.rotation(), name);
            if (round.counts() && busy != null && idle != null && Double.isFinite(busy - idle)) {
                above.add(busy - idle);
            }
        }
        return Bootstrap.medianOf(
                above.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static @Nullable Double in(Series direct, int rotation, String name) {
        for (Round round : direct.rounds()) {
            if (round.rotation() == rotation && round.counts()) {
                return round.values().get(name);
            }
        }
        return null;
    }
}
