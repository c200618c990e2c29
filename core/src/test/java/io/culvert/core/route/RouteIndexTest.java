package io.culvert.core.route;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RouteIndexTest {
    private static final String[] SEGMENTS = {"a", "b", "ab", "A", "c"};
    private static final String[] TAILS = {".*", "?.*", "*", "{0,1}/a", "|/b.*", "(/a|/b)", "/[a-c|]+", "\\\\w", ""};

    private static HttpRule rule(int number) {
        return HttpRule.forward("r" + number, List.of());
    }

    /** The first of all entries that takes the request, one asked after the other. */
    private static @Nullable HttpRule plain(HttpRoutes routes, HttpRoutes.Request request) {
        for (HttpRoutes.Entry entry : routes.entries()) {
            if (entry.match().matches(request)) {
                return entry.rule();
            }
        }
        return null;
    }

    private static String path(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(3); i >= 0; i--) {
            text.append('/').append(SEGMENTS[random.nextInt(SEGMENTS.length)]);
        }
        return text.toString();
    }

    private static @Nullable PathMatch pathMatch(Random random) {
        String text = path(random);
        return switch (random.nextInt(7)) {
            case 0 -> null;
            case 1, 2 -> new PathMatch.Exact(text, random.nextBoolean());
            case 3 -> new PathMatch.TextPrefix(text, random.nextBoolean());
            case 4 -> new PathMatch.Regex(Pattern.compile(text + TAILS[random.nextInt(TAILS.length)]));
            default -> new PathMatch.SegmentPrefix(text);
        };
    }

    private static @Nullable StringMatch authority(Random random) {
        String text = SEGMENTS[random.nextInt(3)];
        return switch (random.nextInt(4)) {
            case 0 -> new StringMatch.Exact(text, true);
            case 1 -> new StringMatch.Prefix(text, true);
            default -> null;
        };
    }

    @Test
    void findsWhatAskingEachInTurnFinds() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int found = 0;
        for (int round = 0; round < 200; round++) {
            List<HttpRoutes.Entry> entries = new ArrayList<>();
            for (int i = random.nextInt(40); i > 0; i--) {
                List<HttpMatch.HeaderMatch> headers = random.nextInt(3) > 0
                        ? List.of()
                        : List.of(new HttpMatch.HeaderMatch(
                                "x", new StringMatch.Exact("1", false), random.nextBoolean()));
                entries.add(new HttpRoutes.Entry(
                        new HttpMatch(pathMatch(random), null, null, authority(random), headers, List.of()), rule(i)));
            }
            HttpRoutes routes = new HttpRoutes(entries, true);
            for (int i = 0; i < 50; i++) {
                GetRequest asked =
                        new GetRequest(SEGMENTS[random.nextInt(3)], path(random), random.nextBoolean() ? "1" : null);
                HttpRule expected = plain(routes, asked);
                assertThat(routes.first(asked)).as("seed %s, %s", seed, asked).isSameAs(expected);
                found += expected == null ? 0 : 1;
            }
        }
        assertThat(found).as("seed %s", seed).isGreaterThan(1_000);
    }
}
