package io.culvert.perf.jmh;

import com.google.re2j.Pattern;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The rule of a request among 10,000 rules over 500 hosts of one service, one in ten with a header, one in a hundred a
 * regular expression: each in turn, so that most of what is asked for is not in the processor's caches. Sampled, for the
 * percentiles.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RouteBenchmark {
    private static final int RULES = 10_000;
    private static final int HOSTS = 500;

    private HttpRoutes routes = HttpRoutes.NONE;
    private final List<Asked> requests = new ArrayList<>();
    private int next;

    private record Asked(String host, String path, String user) implements HttpRoutes.Request {
        @Override
        public String method() {
            return "GET";
        }

        @Override
        public String scheme() {
            return "http";
        }

        @Override
        public @Nullable String query() {
            return null;
        }

        @Override
        public @Nullable String header(String name) {
            return name.equals("x-user") ? user : null;
        }
    }

    @Setup(Level.Trial)
    public void fill() {
        List<HttpRoutes.Entry> entries = new ArrayList<>();
        for (int i = 0; i < RULES; i++) {
            String host = "shop-" + i % HOSTS + ".example";
            String prefix = "/api/v" + i / HOSTS + "/things";
            PathMatch path = i % 100 == 7
                    ? new PathMatch.Regex(Pattern.compile(prefix + "/[a-z]+/[0-9]+"))
                    : i % 2 == 0 ? new PathMatch.SegmentPrefix(prefix) : new PathMatch.Exact(prefix + "/a/1", false);
            List<HttpMatch.HeaderMatch> headers = i % 10 == 3
                    ? List.of(new HttpMatch.HeaderMatch("x-user", new StringMatch.Exact("u" + i, false), false))
                    : List.of();
            entries.add(new HttpRoutes.Entry(
                    new HttpMatch(path, null, null, new StringMatch.Exact(host, true), headers, List.of()),
                    HttpRule.forward("r" + i, List.of())));
            requests.add(new Asked(host, prefix + "/a/1", "u" + i));
        }
        routes = new HttpRoutes(entries, true);
    }

    /** A rule that is there. */
    @Benchmark
    public @Nullable HttpRule found() {
        next = (next + 7_919) % RULES;
        return routes.first(requests.get(next));
    }
}
