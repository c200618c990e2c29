package io.culvert.waypoint.router;

import com.google.re2j.Matcher;
import io.culvert.core.route.PathChange;

/** Changes paths; the query stays as it is. */
final class PathEdits {
    private PathEdits() {}

    /** {@code pathAndQuery} with its path changed. A path always begins with a slash. */
    static String apply(PathChange change, String pathAndQuery) {
        int mark = pathAndQuery.indexOf('?');
        String path = mark < 0 ? pathAndQuery : pathAndQuery.substring(0, mark);
        String changed = switch (change) {
            case PathChange.Full full -> full.path();
            case PathChange.Prefix prefix ->
                prefix.segments() ? replaceSegments(prefix, path) : replaceText(prefix, path);
            case PathChange.Regex regex -> replaceMatches(regex, path);
        };
        if (!changed.startsWith("/")) {
            changed = "/" + changed;
        }
        // A new path that brings its own query replaces the old one.
        return mark < 0 || changed.indexOf('?') >= 0 ? changed : changed + pathAndQuery.substring(mark);
    }

    /** ReplacePrefixMatch of the Gateway API: a slash at the end of prefix or replacement means nothing. */
    private static String replaceSegments(PathChange.Prefix change, String path) {
        String matched = withoutSlash(change.matched());
        String replacement = withoutSlash(change.replacement());
        String rest = path.length() < matched.length() ? "" : path.substring(matched.length());
        return replacement + rest;
    }

    private static String withoutSlash(String path) {
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    /** A prefix as text, except that no double slash comes about where the two are joined. */
    private static String replaceText(PathChange.Prefix change, String path) {
        String rest = path.length() < change.matched().length()
                ? ""
                : path.substring(change.matched().length());
        boolean twoSlashes = change.replacement().endsWith("/") && rest.startsWith("/");
        return twoSlashes ? change.replacement() + rest.substring(1) : change.replacement() + rest;
    }

    private static String replaceMatches(PathChange.Regex change, String path) {
        Matcher matcher = change.pattern().matcher(path);
        StringBuilder out = new StringBuilder(path.length() + 16);
        int from = 0;
        while (matcher.find()) {
            out.append(path, from, matcher.start());
            substitute(change.substitution(), matcher, out);
            from = matcher.end();
        }
        return out.append(path, from, path.length()).toString();
    }

    /** {@code \1} names a group, {@code \\} is a backslash; a group that took no part is empty. */
    private static void substitute(String text, Matcher matcher, StringBuilder out) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) {
                out.append(c);
                continue;
            }
            char next = text.charAt(++i);
            int group = next - '0';
            if (group < 0 || group > 9) {
                out.append(next);
            } else if (group <= matcher.groupCount() && matcher.group(group) != null) {
                out.append(matcher.group(group));
            }
        }
    }
}
