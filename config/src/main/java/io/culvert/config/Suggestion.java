package io.culvert.config;

import java.util.Collection;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** "Did you mean": the nearest of some names by edits. */
final class Suggestion {
    private Suggestion() {}

    /** {@code "; did you mean `x`?"}, or "" when nothing is near. */
    static String of(String given, Collection<String> names) {
        String near = nearest(given, names);
        return near == null ? "" : "; did you mean `" + near + "`?";
    }

    /** The nearest name, or null when none is near enough: a third of its letters, three at most. */
    static @Nullable String nearest(String given, Collection<String> names) {
        String best = null;
        int bestEdits = Integer.MAX_VALUE;
        for (String name : new TreeSet<>(names)) {
            int edits = edits(given.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
            if (edits < bestEdits && edits <= Math.min(3, Math.max(1, name.length() / 3)) && !name.equals(given)) {
                best = name;
                bestEdits = edits;
            }
        }
        return best;
    }

    // Levenshtein distance, with two neighbours swapped as one edit.
    private static int edits(String a, String b) {
        if (Math.abs(a.length() - b.length()) > 3) {
            return Integer.MAX_VALUE;
        }
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int change = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                int least = Math.min(change, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    least = Math.min(least, cost[i - 2][j - 2] + 1);
                }
                cost[i][j] = least;
            }
        }
        return cost[a.length()][b.length()];
    }
}
