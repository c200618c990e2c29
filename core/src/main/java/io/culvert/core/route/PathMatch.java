package io.culvert.core.route;

import com.google.re2j.Pattern;
import java.util.List;

/** A condition on the path without its query. Immutable, any thread. */
public sealed interface PathMatch {
    /** Whether {@code path} fulfils it. */
    boolean matches(String path);

    /** The whole path. */
    record Exact(String path, boolean ignoreCase) implements PathMatch {
        @Override
        public boolean matches(String value) {
            return ignoreCase ? path.equalsIgnoreCase(value) : path.equals(value);
        }
    }

    /** Its beginning, as text: {@code /v2} takes {@code /v2x} (VirtualService). */
    record TextPrefix(String prefix, boolean ignoreCase) implements PathMatch {
        @Override
        public boolean matches(String value) {
            return value.regionMatches(ignoreCase, 0, prefix, 0, prefix.length());
        }
    }

    /** Its first segments: {@code /v2} takes {@code /v2/x}, not {@code /v2x}; no slash at the end (HTTPRoute). */
    record SegmentPrefix(String prefix) implements PathMatch {
        @Override
        public boolean matches(String value) {
            int length = prefix.length();
            return value.startsWith(prefix) && (value.length() == length || value.charAt(length) == '/');
        }
    }

    /** The whole path, by a regular expression of RE2. */
    record Regex(Pattern pattern) implements PathMatch {
        @Override
        public boolean matches(String value) {
            return pattern.matches(value);
        }
    }

    /** Every one of {@code all} and none of {@code none}: what one condition alone cannot say. */
    record Combined(List<PathMatch> all, List<PathMatch> none) implements PathMatch {
        public Combined {
            all = List.copyOf(all);
            none = List.copyOf(none);
        }

        @Override
        public boolean matches(String value) {
            for (PathMatch match : all) {
                if (!match.matches(value)) {
                    return false;
                }
            }
            for (PathMatch match : none) {
                if (match.matches(value)) {
                    return false;
                }
            }
            return true;
        }
    }
}
