package io.culvert.config;

import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.StringMatch;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request to reviews by plain HTTP, written {@code METHOD /path?query name=value ...}, and the plainest way to match it. */
final class TestRequest {
    private final String method;
    private final String path;
    private final Map<String, String> query = new HashMap<>();
    private final Map<String, String> headers = new HashMap<>();

    TestRequest(String text) {
        String[] words = text.split(" ", -1);
        method = words[0];
        int mark = words[1].indexOf('?');
        path = mark < 0 ? words[1] : words[1].substring(0, mark);
        if (mark >= 0) {
            put(query, words[1].substring(mark + 1));
        }
        for (int i = 2; i < words.length; i++) {
            put(headers, words[i]);
        }
    }

    private static void put(Map<String, String> map, String pair) {
        int equals = pair.indexOf('=');
        map.put(pair.substring(0, equals), pair.substring(equals + 1));
    }

    boolean fulfils(HttpMatch match) {
        return (match.path() == null || match.path().matches(path))
                && holds(match.method(), method)
                && holds(match.scheme(), "http")
                && holds(match.authority(), "reviews")
                && match.headers().stream().allMatch(header -> {
                    String value = headers.get(header.name());
                    return (value != null && header.value().matches(value)) != header.invert();
                })
                && match.query().stream().allMatch(parameter -> {
                    String value = query.get(parameter.name());
                    return value != null && parameter.value().matches(value);
                });
    }

    private static boolean holds(@Nullable StringMatch match, String value) {
        return match == null || match.matches(value);
    }
}
