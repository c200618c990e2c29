package io.culvert.waypoint.router;

import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpMatch.HeaderMatch;
import io.culvert.core.route.HttpMatch.QueryMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Finds the rule of a request: the first entry whose match holds. */
final class RouteMatcher {
    private RouteMatcher() {}

    /** The first rule that takes the request; null when none does. */
    static @Nullable HttpRule first(HttpRoutes routes, HttpRoutes.Request request) {
        for (HttpRoutes.Entry entry : routes.entries()) {
            if (holds(entry.match(), request)) {
                return entry.rule();
            }
        }
        return null;
    }

    private static boolean holds(HttpMatch match, HttpRoutes.Request request) {
        return (match.path() == null || match.path().matches(request.path()))
                && (match.method() == null || match.method().matches(request.method()))
                && (match.scheme() == null || match.scheme().matches(request.scheme()))
                && (match.authority() == null || match.authority().matches(request.host()))
                && headersHold(match, request)
                && queryHolds(match, request);
    }

    private static boolean headersHold(HttpMatch match, HttpRoutes.Request request) {
        for (HeaderMatch header : match.headers()) {
            String value = request.header(header.name());
            boolean holds = value != null && header.value().matches(value);
            if (holds == header.invert()) {
                return false;
            }
        }
        return true;
    }

    private static boolean queryHolds(HttpMatch match, HttpRoutes.Request request) {
        for (QueryMatch parameter : match.query()) {
            String value = parameter(request.query(), parameter.name());
            if (value == null || !parameter.value().matches(value)) {
                return false;
            }
        }
        return true;
    }

    /** The first value of a parameter, decoded; null when it is not there. */
    static @Nullable String parameter(@Nullable String query, String name) {
        int start = 0;
        while (query != null && start <= query.length()) {
            int end = query.indexOf('&', start);
            end = end < 0 ? query.length() : end;
            int equals = query.indexOf('=', start);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            if (decoded(query.substring(start, nameEnd)).equals(name)) {
                return nameEnd == end ? "" : decoded(query.substring(nameEnd + 1, end));
            }
            start = end + 1;
        }
        return null;
    }

    private static String decoded(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        try {
            // Only percent signs: a plus is a plus in a query outside of forms.
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
