package io.culvert.core.route;

import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the first entry that takes a request without asking each: entries stand under what a request must have to fulfil
 * them, a whole host and a whole path or its beginning, which of a regular expression is its literal part; those that ask
 * for neither are asked one by one. Immutable.
 */
final class RouteIndex {
    private final List<HttpRoutes.Entry> entries;
    private final Map<String, Paths> hosts;
    private final Paths anyHost;

    RouteIndex(List<HttpRoutes.Entry> entries) {
        this.entries = entries;
        Map<String, Paths.Builder> named = new HashMap<>();
        Paths.Builder unnamed = new Paths.Builder();
        for (int i = 0; i < entries.size(); i++) {
            HttpMatch match = entries.get(i).match();
            String host = match.authority() instanceof StringMatch.Exact exact
                    ? exact.text().toLowerCase(Locale.ROOT)
                    : null;
            Paths.Builder place = host == null ? unnamed : named.computeIfAbsent(host, _ -> new Paths.Builder());
            place.add(i, match.path());
        }
        Map<String, Paths> built = new HashMap<>();
        named.forEach((host, paths) -> built.put(host, paths.build()));
        hosts = built;
        anyHost = unnamed.build();
    }

    @Nullable
    HttpRule first(HttpRoutes.Request request) {
        int best = anyHost.first(entries, request, entries.size());
        if (!hosts.isEmpty()) {
            Paths named = hosts.get(request.host());
            best = named == null ? best : named.first(entries, request, best);
        }
        return best == entries.size() ? null : entries.get(best).rule();
    }

    /** Entries by their paths; each array in order of precedence. */
    private record Paths(Map<String, int[]> exact, Map<String, int[]> prefixes, int[] lengths, int[] others) {
        private static final int[] NONE = {};

        /** The place of the first entry before {@code end} that takes the request, else {@code end}. */
        int first(List<HttpRoutes.Entry> entries, HttpRoutes.Request request, int end) {
            int best = end;
            String path = request.path();
            if (!exact.isEmpty()) {
                best = ask(exact.getOrDefault(path, NONE), entries, request, best);
            }
            for (int length : lengths) {
                if (length > path.length()) {
                    break;
                }
                best = ask(prefixes.getOrDefault(path.substring(0, length), NONE), entries, request, best);
            }
            return ask(others, entries, request, best);
        }

        private static int ask(int[] places, List<HttpRoutes.Entry> entries, HttpRoutes.Request request, int end) {
            for (int place : places) {
                if (place >= end) {
                    return end;
                }
                if (entries.get(place).match().matches(request)) {
                    return place;
                }
            }
            return end;
        }

        private static final class Builder {
            private final Map<String, List<Integer>> exact = new HashMap<>();
            private final Map<String, List<Integer>> prefixes = new HashMap<>();
            private final List<Integer> others = new ArrayList<>();

            void add(int place, @Nullable PathMatch path) {
                switch (path) {
                    case PathMatch.Exact(String text, boolean ignoreCase)
                    when !ignoreCase ->
                        exact.computeIfAbsent(text, _ -> new ArrayList<>()).add(place);
                    case PathMatch.TextPrefix(String text, boolean ignoreCase) when !ignoreCase -> prefix(text, place);
                    case PathMatch.SegmentPrefix(String text) -> prefix(text, place);
                    case PathMatch.Regex(Pattern pattern) -> prefix(LiteralPrefix.of(pattern), place);
                    case null, default -> others.add(place);
                }
            }

            private void prefix(String text, int place) {
                if (text.isEmpty()) {
                    others.add(place);
                    return;
                }
                prefixes.computeIfAbsent(text, _ -> new ArrayList<>()).add(place);
            }

            Paths build() {
                TreeSet<Integer> lengths = new TreeSet<>();
                prefixes.keySet().forEach(text -> lengths.add(text.length()));
                return new Paths(arrays(exact), arrays(prefixes), array(lengths), array(others));
            }

            private static Map<String, int[]> arrays(Map<String, List<Integer>> lists) {
                Map<String, int[]> arrays = new HashMap<>();
                lists.forEach((text, places) -> arrays.put(text, array(places)));
                return arrays;
            }

            private static int[] array(Iterable<Integer> places) {
                List<Integer> list = new ArrayList<>();
                places.forEach(list::add);
                return list.stream().mapToInt(Integer::intValue).toArray();
            }
        }
    }
}
