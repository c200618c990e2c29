package io.culvert.config;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How large a regular expression becomes when it is compiled. RE2 matches in linear time, but writes out every counted
 * repetition, and those multiply: thirty characters can take all memory. Owned by: one call.
 */
final class RegexSize {
    /** Longest expression, in characters: Gateway API's limit for header values. */
    static final int MAX_LENGTH = 4096;

    /** Most instructions. */
    static final long MAX_SIZE = 10_000;

    /** Deepest nesting of groups: they are read recursively. */
    static final int MAX_DEPTH = 100;

    private static final Pattern REPEAT = Pattern.compile("\\{([0-9]{1,9})(,([0-9]{0,9}))?}");

    /** Instructions of what was read of a group, and of its last element alone. */
    private static final class Group {
        private long before;
        private long last;

        private void add(long size) {
            before = Math.min(before + last, MAX_SIZE + 1);
            last = size;
        }

        private long size() {
            return Math.min(before + last, MAX_SIZE + 1);
        }
    }

    private final String text;
    private final Deque<Group> groups = new ArrayDeque<>();
    private Group group = new Group();

    private RegexSize(String text) {
        this.text = text;
    }

    /** Why an expression is too large to be compiled; null when it is not. */
    static @Nullable String fault(String text) {
        if (text.length() > MAX_LENGTH) {
            return "it has " + text.length() + " characters, more than " + MAX_LENGTH;
        }
        return new RegexSize(text).read();
    }

    private @Nullable String read() {
        Matcher repeat = REPEAT.matcher(text);
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\\') {
                at = escape(at);
            } else if (c == '[') {
                at = bracket(at);
                group.add(1);
            } else if (c == '(') {
                groups.push(group);
                group = new Group();
                if (groups.size() > MAX_DEPTH) {
                    return "its groups are nested deeper than " + MAX_DEPTH;
                }
                at++;
            } else if (c == ')' && !groups.isEmpty()) {
                long size = group.size() + 2;
                group = groups.pop();
                group.add(size);
                at++;
            } else if (c == '{' && repeat.region(at, text.length()).lookingAt()) {
                repeat(repeat);
                at = repeat.end();
            } else {
                group.add(1);
                at++;
            }
            if (group.size() > MAX_SIZE) {
                return "its repetitions multiply to more than " + MAX_SIZE + " steps";
            }
        }
        return null;
    }

    private void repeat(Matcher repeat) {
        long times = Long.parseLong(repeat.group(1));
        String most = repeat.group(3);
        times = most == null ? times : most.isEmpty() ? times + 1 : Math.max(times, Long.parseLong(most));
        group.last = Math.min(group.last * Math.max(times, 1), MAX_SIZE + 1);
    }

    // Behind a backslash: one character, a class in braces, or a quotation.
    private int escape(int at) {
        char c = at + 1 < text.length() ? text.charAt(at + 1) : ' ';
        if (c == 'Q') {
            int end = text.indexOf("\\E", at + 2);
            int stop = end < 0 ? text.length() : end;
            for (int i = at + 2; i < stop; i++) {
                group.add(1);
            }
            return end < 0 ? text.length() : end + 2;
        }
        group.add(1);
        boolean braces = (c == 'p' || c == 'P' || c == 'x') && text.startsWith("{", at + 2);
        int close = braces ? text.indexOf('}', at + 3) : -1;
        return close < 0 ? at + 2 : close + 1;
    }

    // A character class: a closing bracket right at its beginning belongs to it.
    private int bracket(int at) {
        int i = at + 1;
        if (i < text.length() && text.charAt(i) == '^') {
            i++;
        }
        if (i < text.length() && text.charAt(i) == ']') {
            i++;
        }
        while (i < text.length() && text.charAt(i) != ']') {
            if (text.startsWith("[:", i)) {
                int close = text.indexOf(":]", i + 2);
                i = close < 0 ? i + 1 : close + 2;
            } else {
                i += text.charAt(i) == '\\' ? 2 : 1;
            }
        }
        return Math.min(i + 1, text.length());
    }
}
