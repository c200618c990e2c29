package io.culvert.core.route;

import com.google.re2j.Pattern;

/** How a path is changed; the query stays. Immutable. */
public sealed interface PathChange {
    /** The whole path. */
    record Full(String path) implements PathChange {}

    /**
     * The part that the rule's path match covered. {@code segments}: Gateway API's rules about slashes
     * (ReplacePrefixMatch); otherwise plain text, with a double slash avoided.
     */
    record Prefix(String matched, String replacement, boolean segments) implements PathChange {}

    /** Every match of {@code pattern} is replaced; {@code \1} names a group. */
    record Regex(Pattern pattern, String substitution) implements PathChange {}
}
