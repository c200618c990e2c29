package io.culvert.perf.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * {@code culvert bench jmh [REGEX]}: runs the benchmarks of this package, and those that stand in the packages whose
 * inner parts they measure, and keeps their figures.
 */
public final class JmhMain {
    private static final Path RESULTS = Path.of("perf", "results");

    private static final String ALL = "io\\.culvert\\..*Benchmark\\.";

    private JmhMain() {}

    /**
     * Runs those whose name matches the first argument, or all; a run of all is written to {@code perf/results} below the
     * checkout, of some to {@code bench-report}, as it would take the place of the others' figures.
     */
    public static void main(String[] args) throws RunnerException, IOException {
        boolean all = args.length == 0;
        Path results = all ? directory() : Path.of("bench-report");
        Files.createDirectories(results);
        Options options = new OptionsBuilder()
                .include(all ? ALL : args[0])
                .forks(2)
                .warmupIterations(1)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(3)
                .measurementTime(TimeValue.seconds(1))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .jvmArgsAppend(flags().toArray(new String[0]))
                .resultFormat(ResultFormatType.JSON)
                .result(results.resolve("jmh.json").toString())
                .build();
        new Runner(options).run();
        if (all) {
            Files.writeString(results.resolve("README.md"), readme());
        }
    }

    /** The checkout is where the root script stands. */
    private static Path directory() {
        String script = System.getenv("CULVERT");
        Path root = script == null ? null : Path.of(script).toAbsolutePath().getParent();
        return root == null ? RESULTS : root.resolve(RESULTS);
    }

    /** Those of the agent that change what code costs. */
    private static List<String> flags() {
        return List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "-Xmx1g");
    }

    private static String readme() throws IOException {
        return String.format(
                Locale.ROOT,
                """
                # Results of the JMH benchmarks

                `jmh.json` is the last run that was committed: `./culvert bench jmh`, two forks of three iterations of
                one second after one of warm-up. `gc.alloc.rate.norm` is bytes allocated by one operation.

                | | |
                |---|---|
                | processors | %d, %s |
                | JDK | %s |
                | flags | %s |

                The figures are of one short run on one machine: read them for their order and for what is allocated.
                """,
                Runtime.getRuntime().availableProcessors(),
                processor(),
                Runtime.version(),
                String.join(" ", flags()));
    }

    private static String processor() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            if (line.startsWith("model name")) {
                return line.substring(line.indexOf(':') + 1).strip();
            }
        }
        return "unknown";
    }
}
