package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.core.route.StringMatch;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** Reads the types that Istio's networking resources share. Stateless; any thread. */
final class IstioFields {
    private static final java.util.regex.Pattern DURATION =
            java.util.regex.Pattern.compile("([0-9]+(\\.[0-9]+)?(h|ms|us|ns|m|s))+");
    private static final java.util.regex.Pattern PART =
            java.util.regex.Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(h|ms|us|ns|m|s)");
    private static final double WHOLE = 1_000_000;

    private IstioFields() {}

    /** A duration, at least a millisecond; null when it is absent or wrong. */
    static @Nullable Duration duration(Fields fields, String name) {
        Duration duration = durationOrZero(fields, name);
        if (duration != null && duration.isZero()) {
            fields.error(name, "must be at least 1ms");
            return null;
        }
        return duration;
    }

    /** A duration, zero or at least a millisecond; null when it is absent or wrong. */
    static @Nullable Duration durationOrZero(Fields fields, String name) {
        String text = fields.text(name);
        if (text == null) {
            return null;
        }
        double nanos = 0;
        boolean good = DURATION.matcher(text).matches() && text.length() <= 40;
        Matcher parts = PART.matcher(text);
        while (good && parts.find()) {
            nanos += Double.parseDouble(parts.group(1)) * unit(parts.group(2));
        }
        if (!good && !text.equals("0")) {
            fields.error(name, "\"" + text + "\" is no duration: use numbers with h, m, s or ms, as 1.5s or 1m30s");
            return null;
        }
        if (nanos > Long.MAX_VALUE / 4.0) {
            fields.error(name, "\"" + text + "\" is too long");
            return null;
        }
        Duration duration = Duration.ofNanos(Math.round(nanos));
        if (!duration.isZero() && duration.compareTo(Duration.ofMillis(1)) < 0) {
            fields.error(name, "must be at least 1ms");
            return null;
        }
        return duration;
    }

    private static double unit(String unit) {
        return switch (unit) {
            case "h" -> 3.6e12;
            case "m" -> 6e10;
            case "s" -> 1e9;
            case "ms" -> 1e6;
            case "us" -> 1e3;
            default -> 1;
        };
    }

    /**
     * A Percent ({@code value: 0.1}) in millionths.
     *
     * @return -1 when it is absent or wrong
     */
    static int millionths(Fields parent, String name) {
        Fields percent = parent.object(name);
        if (percent == null) {
            return -1;
        }
        Double value = percent.decimal("value", 0, 100);
        percent.finish();
        // A Percent without a value is one of zero.
        return value == null ? (percent.has("value") ? -1 : 0) : (int) Math.round(value / 100 * WHOLE);
    }

    /** A StringMatch in a field of {@code parent}; null when it is absent or wrong. */
    static @Nullable StringMatch string(Fields parent, String name, boolean ignoreCase) {
        Fields match = parent.object(name);
        if (match == null) {
            return null;
        }
        if (match.names().isEmpty()) {
            parent.error(name, "is empty: give exact, prefix or regex");
            return null;
        }
        return string(match, ignoreCase);
    }

    /** A StringMatch; null when it is empty or wrong. */
    static @Nullable StringMatch string(Fields match, boolean ignoreCase) {
        String exact = match.text("exact");
        String prefix = match.text("prefix");
        String regex = match.text("regex");
        match.finish();
        int given = (match.has("exact") ? 1 : 0) + (match.has("prefix") ? 1 : 0) + (match.has("regex") ? 1 : 0);
        if (given > 1) {
            match.error("", "takes one of exact, prefix and regex: remove the others");
            return null;
        }
        if (exact != null) {
            return new StringMatch.Exact(exact, ignoreCase);
        }
        if (prefix != null) {
            if (prefix.isEmpty()) {
                match.error("prefix", "must not be empty");
                return null;
            }
            return new StringMatch.Prefix(prefix, ignoreCase);
        }
        if (regex == null) {
            return null;
        }
        Pattern pattern = GatewayFields.regex(match, "regex", regex);
        return pattern == null ? null : new StringMatch.Regex(pattern);
    }

    /** A StringMatch of which an empty one, or regex {@code *}, says that the value must be there. */
    static @Nullable StringMatch stringOrPresent(Fields parent, String name) {
        Fields match = parent.object(name);
        if (match == null) {
            // "x-header: null" is an empty condition, as "x-header: {}" is.
            return parent.has(name) ? null : new StringMatch.Present();
        }
        boolean any = match.has("regex") && Set.of("*", "").contains(match.text("regex", "."));
        if (match.names().isEmpty() || (any && match.names().size() == 1)) {
            return new StringMatch.Present();
        }
        return string(match, false);
    }

    /** A hostname, which may be short or a wildcard, in lower case; "" with an error when it is none. */
    static String host(Fields fields, String name) {
        String text = GatewayFields.required(fields, name);
        if (text.isEmpty()) {
            return "";
        }
        String fault = Hosts.fault(text, true);
        if (fault != null) {
            fields.error(name, "\"" + text + "\" " + fault);
            return "";
        }
        return text.toLowerCase(Locale.ROOT);
    }
}
