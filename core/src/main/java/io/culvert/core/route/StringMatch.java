package io.culvert.core.route;

import com.google.re2j.Pattern;
import java.util.List;

/** A condition on one text. Immutable, any thread. */
public sealed interface StringMatch {
    /** Whether {@code value}, which is there, fulfils it. */
    boolean matches(String value);

    /** The whole text. */
    record Exact(String text, boolean ignoreCase) implements StringMatch {
        @Override
        public boolean matches(String value) {
            return ignoreCase ? text.equalsIgnoreCase(value) : text.equals(value);
        }
    }

    /** Its beginning, as text. */
    record Prefix(String text, boolean ignoreCase) implements StringMatch {
        @Override
        public boolean matches(String value) {
            return value.regionMatches(ignoreCase, 0, text, 0, text.length());
        }
    }

    /** Its end, as text. */
    record Suffix(String text, boolean ignoreCase) implements StringMatch {
        @Override
        public boolean matches(String value) {
            return value.regionMatches(ignoreCase, value.length() - text.length(), text, 0, text.length());
        }
    }

    /** The whole text, by a regular expression of RE2: linear time. */
    record Regex(Pattern pattern) implements StringMatch {
        @Override
        public boolean matches(String value) {
            return pattern.matches(value);
        }
    }

    /** Being there. */
    record Present() implements StringMatch {
        @Override
        public boolean matches(String value) {
            return true;
        }
    }

    /** Every one of {@code all} and none of {@code none}: what one condition alone cannot say. */
    record Combined(List<StringMatch> all, List<StringMatch> none) implements StringMatch {
        public Combined {
            all = List.copyOf(all);
            none = List.copyOf(none);
        }

        @Override
        public boolean matches(String value) {
            for (StringMatch match : all) {
                if (!match.matches(value)) {
                    return false;
                }
            }
            for (StringMatch match : none) {
                if (match.matches(value)) {
                    return false;
                }
            }
            return true;
        }
    }
}
