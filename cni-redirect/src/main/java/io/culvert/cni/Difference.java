package io.culvert.cni;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Says in one line how two listings differ. */
final class Difference {
    private Difference() {}

    static String describe(String what, String wanted, String found) {
        if (found.isBlank()) {
            return what + " is gone";
        }
        Set<String> before = new HashSet<>(lines(wanted));
        Set<String> now = new HashSet<>(lines(found));
        for (String line : lines(found)) {
            if (!before.contains(line)) {
                return what + " has what is not ours: " + line;
            }
        }
        for (String line : lines(wanted)) {
            if (!now.contains(line)) {
                return what + " lacks: " + line;
            }
        }
        return what + " has its rules in another order or number";
    }

    private static List<String> lines(String text) {
        return text.lines().map(String::strip).toList();
    }
}
