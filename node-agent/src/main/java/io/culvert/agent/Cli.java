package io.culvert.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands for people. */
@Command(
        name = "culvert",
        description = "A sidecarless service mesh: one agent per node, mutual TLS per workload.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {StatusCommand.class, AnalyzeCommand.class, Cli.VersionCommand.class, HelpCommand.class},
        mixinStandardHelpOptions = false,
        footer = {
            "",
            "Roles (each has --help):",
            "  agent       captures and carries the traffic of this node's pods",
            "  waypoint    routes the requests of services, and enforces their policies",
            "  controller  compiles a directory of YAML, serves it to agents, signs certificates",
            "",
            "On one machine, as root:",
            "  demo        a mesh of two nodes out of network namespaces: each promise measured",
            "  lab         the same from your own YAML: up, exec, ps, down",
            "  test        the whole test suite",
            "  bench       the load client"
        })
final class Cli implements Runnable {
    /** Commands that do not go through here, for suggestions. */
    private static final List<String> ELSEWHERE =
            List.of("agent", "waypoint", "controller", "demo", "lab", "test", "bench");

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    static int run(String[] arguments) {
        return run(arguments, new PrintWriter(System.out, true, UTF_8), new PrintWriter(System.err, true, UTF_8));
    }

    static int run(String[] arguments, PrintWriter out, PrintWriter err) {
        CommandLine line = new CommandLine(new Cli());
        line.setOut(out);
        line.setErr(err);
        line.setParameterExceptionHandler((fault, _) -> fault(line, fault));
        line.setExecutionExceptionHandler((fault, _, _) -> {
            err.println("culvert: " + fault.getMessage());
            return Main.EXIT_FAILURE;
        });
        return line.execute(arguments);
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static int fault(CommandLine root, ParameterException fault) {
        CommandLine where = fault.getCommandLine();
        String message = fault.getMessage();
        if (where.getParent() == null && fault instanceof CommandLine.UnmatchedArgumentException unmatched) {
            String written = unmatched.getUnmatched().get(0);
            List<String> known = new ArrayList<>(root.getSubcommands().keySet());
            known.addAll(ELSEWHERE);
            message = "unknown command \"" + written + "\"" + Suggestions.didYouMean(written, known, "");
        }
        String name = where.getCommandSpec().qualifiedName();
        root.getErr().println(name + ": " + message);
        root.getErr()
                .println(
                        where.getParent() == null
                                ? "culvert help has the list of commands"
                                : name + " --help has its options");
        return Main.EXIT_USAGE;
    }

    /** {@code culvert version}. */
    @Command(name = "version", description = "Prints the version.")
    static final class VersionCommand implements Callable<Integer> {
        @Spec
        @SuppressWarnings("NullAway.Init")
        private CommandSpec spec;

        @Override
        public Integer call() {
            spec.commandLine().getOut().println("culvert " + Version.text() + " (Java " + Runtime.version() + ")");
            return 0;
        }
    }
}
