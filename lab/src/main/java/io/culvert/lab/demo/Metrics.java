package io.culvert.lab.demo;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A scrape in the text format of Prometheus. */
final class Metrics {
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    private Metrics() {}

    /** The sum of all samples of {@code name} that have all of {@code labels}. */
    static double sum(String exposition, String name, Map<String, String> labels) {
        return exposition
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> hasAll(line, labels))
                .mapToDouble(line -> Double.parseDouble(value(line)))
                .sum();
    }

    private static boolean hasAll(String line, Map<String, String> labels) {
        int found = 0;
        Matcher matcher = LABEL.matcher(line);
        while (matcher.find()) {
            String wanted = labels.get(matcher.group(1));
            if (wanted != null && wanted.equals(matcher.group(2))) {
                found++;
            }
        }
        return found == labels.size();
    }

    /** What follows the labels; a timestamp or exemplar may follow it. */
    private static String value(String line) {
        int end = line.lastIndexOf('}');
        int exemplar = line.indexOf(" # ");
        String sample = exemplar < 0 ? line : line.substring(0, exemplar);
        end = exemplar < 0 ? end : sample.lastIndexOf('}');
        return sample.substring(end < 0 ? sample.indexOf(' ') : end + 1).strip().split(" ", 2)[0];
    }
}
