package io.culvert.perf.result;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a value's name says about the value: its unit, and whether more of it is better. Any thread. */
public final class Units {
    /** Which way a value improves. */
    public enum Better {
        LESS,
        MORE,
        /** A failure count: none at all is the aim, and one is news whatever its median. */
        NONE,
        /** It says what was done or how well the instrument ran, not how good the variant is. */
        NEITHER
    }

    private static final Pattern FAILURE = Pattern.compile("(^|_)(errors?|failed|dropped|lost|refused|timeouts?)(_|$)");
    private static final Pattern NINES = Pattern.compile("\\bp99(9+)\\b");
    private static final Pattern INSTRUMENT = Pattern.compile("(^|_)(sender|idle)_lateness(_|$)");
    private static final String[][] SUFFIXES = {
        {"_per_s", "/s"},
        {"_ratio", ""},
        {"_gbit", "Gbit/s"},
        {"_mib", "MiB"},
        {"_kib", "KiB"},
        {"_ms", "ms"},
        {"_us", "µs"},
        {"_s", "s"},
    };

    private Units() {}

    /** The unit of the value called {@code name}, for people; "" for counts and ratios. */
    public static String of(String name) {
        String[] suffix = suffix(name);
        return suffix == null ? "" : suffix[1];
    }

    /** {@code name} for people: without its unit, with spaces; {@code p999} is p99.9. */
    public static String title(String name) {
        String[] suffix = suffix(name);
        String stem = suffix == null ? name : name.substring(0, name.length() - suffix[0].length());
        String words = (name.endsWith("_ratio") ? stem + "_ratio" : stem).replace('_', ' ');
        return NINES.matcher(words).replaceAll("p99.$1");
    }

    /** Which way the value called {@code name} improves. */
    public static Better better(String name) {
        if (INSTRUMENT.matcher(name).find()) {
            return Better.NEITHER;
        }
        String[] suffix = suffix(name);
        if (FAILURE.matcher(name).find() && (suffix == null || !suffix[1].equals("/s"))) {
            return Better.NONE;
        }
        if (suffix == null) {
            return Better.NEITHER;
        }
        boolean more = (suffix[1].equals("/s") || suffix[1].equals("Gbit/s"))
                && !FAILURE.matcher(name).find();
        return more ? Better.MORE : Better.LESS;
    }

    /** {@code value} with as many digits as mean something: three, or the whole number when it has more. */
    public static String plain(double value) {
        if (Double.isNaN(value)) {
            return "–";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "∞" : "-∞";
        }
        double size = Math.abs(value);
        if (size != 0 && size < 0.001) {
            return String.format(Locale.ROOT, "%.1e", value);
        }
        if (value == Math.rint(value) && size < 1e15) {
            return String.format(Locale.ROOT, size < 10_000 ? "%.0f" : "%,.0f", value);
        }
        if (size >= 100) {
            return String.format(Locale.ROOT, size < 10_000 ? "%.0f" : "%,.0f", value);
        }
        return String.format(Locale.ROOT, size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
    }

    /** {@code value} as somebody would write a round figure down: 0.5 and not 0.500; for bounds and ticks. */
    public static String round(double value) {
        if (!Double.isFinite(value)) {
            return plain(value);
        }
        BigDecimal digits = new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros();
        return digits.toPlainString();
    }

    private static String @Nullable [] suffix(String name) {
        for (String[] suffix : SUFFIXES) {
            if (name.endsWith(suffix[0])) {
                return suffix;
            }
        }
        return null;
    }
}
