package io.culvert.agent;

import java.util.Collection;

/** What somebody may have meant who wrote something unknown. */
final class Suggestions {
    private static final int FAR = 3;

    private Suggestions() {}

    /** {@code "; did you mean PREFIXname?"}, or nothing when no name is near. */
    static String didYouMean(String written, Collection<String> known, String prefix) {
        String best = "";
        int least = FAR + 1;
        for (String name : known) {
            int distance = distance(written, name);
            if (distance < least) {
                least = distance;
                best = name;
            }
        }
        return best.isEmpty() || least >= Math.max(written.length(), 2) ? "" : "; did you mean " + prefix + best + "?";
    }

    /** Levenshtein's distance, by rows. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replace, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
