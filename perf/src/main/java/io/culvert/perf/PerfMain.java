package io.culvert.perf;

import io.culvert.perf.figures.Figures;
import io.culvert.perf.load.LoadMain;
import io.culvert.perf.suite.BenchMain;
import java.util.Arrays;

/** {@code culvert bench}: the figures of the product, and the load program by itself. */
public final class PerfMain {
    private static final String USAGE = """
            usage: culvert bench run [OPTIONS]        measure the mesh beside its peers (see --help)
                   culvert bench figures [NAME...]    measure what is no suite, each beside its target: kill
                   culvert bench load ARGUMENTS...    the load program by itself: echo, load, hold, probe
            """;

    private PerfMain() {}

    public static void main(String[] args) throws Exception {
        switch (args.length == 0 ? "" : args[0]) {
            case "run" -> System.exit(BenchMain.run(Arrays.asList(args).subList(1, args.length)));
            case "figures" -> System.exit(Figures.run(Arrays.asList(args).subList(1, args.length)));
            case "load" -> LoadMain.main(Arrays.copyOfRange(args, 1, args.length));
            default -> {
                System.err.print(USAGE);
                System.exit(64);
            }
        }
    }
}
