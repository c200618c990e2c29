package io.culvert.perf;

import io.culvert.perf.jmh.JmhMain;
import io.culvert.perf.load.LoadMain;
import io.culvert.perf.report.Compare;
import io.culvert.perf.suite.BenchMain;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** {@code culvert bench}: the mesh beside its peers, comparisons of two runs, the hot methods, and the load program by itself. */
public final class PerfMain {
    private static final String USAGE = """
            usage: culvert bench [run] [OPTIONS]      measure the mesh beside its peers (see --help)
                   culvert bench quick [OPTIONS]      the same in three minutes, without verdicts
                   culvert bench compare A B          what changed between two runs' bench.json, beyond the noise
                   culvert bench jmh [REGEX]          the hot methods one by one, with what they allocate
                   culvert bench load ARGUMENTS...    the load program by itself
            """;

    private PerfMain() {}

    public static void main(String[] args) throws Exception {
        List<String> rest = Arrays.asList(args).subList(Math.min(1, args.length), args.length);
        String command = args.length == 0 ? "run" : args[0];
        switch (command) {
            case "run" -> System.exit(BenchMain.run(rest));
            case "quick" -> {
                List<String> options = new ArrayList<>(List.of("--quick"));
                options.addAll(rest);
                System.exit(BenchMain.run(options));
            }
            case "compare" -> {
                if (rest.size() != 2) {
                    usage();
                }
                System.exit(Compare.run(Path.of(rest.get(0)), Path.of(rest.get(1)), System.out));
            }
            case "jmh" -> JmhMain.main(rest.toArray(String[]::new));
            case "load" -> LoadMain.main(rest.toArray(String[]::new));
            default -> {
                if (command.startsWith("-")) {
                    System.exit(BenchMain.run(Arrays.asList(args)));
                }
                usage();
            }
        }
    }

    private static void usage() {
        System.err.print(USAGE);
        System.exit(64);
    }
}
