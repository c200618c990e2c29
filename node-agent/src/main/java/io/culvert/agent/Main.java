package io.culvert.agent;

import io.culvert.core.telemetry.Logging;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * The program. Roles that serve read their options without a library, since an agent's start is counted in
 * milliseconds; commands for people go through {@link Cli}.
 */
public final class Main {
    /** The command line or the environment cannot be used (EX_USAGE of sysexits.h). */
    static final int EXIT_USAGE = 64;
    /** The program could not start. */
    static final int EXIT_FAILURE = 1;

    private Main() {}

    public static void main(String[] arguments) {
        int status = run(arguments);
        Logging.flush(Duration.ofSeconds(1));
        System.exit(status);
    }

    private static int run(String[] arguments) {
        String command = arguments.length == 0 ? "help" : arguments[0];
        List<String> rest = Arrays.asList(arguments).subList(Math.min(1, arguments.length), arguments.length);
        boolean help = rest.contains("--help") || rest.contains("-h");
        try {
            return switch (command) {
                case "agent" ->
                    help
                            ? Usage.print("agent", AgentConfig.OPTIONS)
                            : AgentMain.run(AgentConfig.read(rest, System.getenv()));
                case "waypoint" ->
                    help
                            ? Usage.print("waypoint", WaypointConfig.OPTIONS)
                            : WaypointMain.run(WaypointConfig.read(rest, System.getenv()));
                case "controller" ->
                    help
                            ? Usage.print("controller", ControllerConfig.OPTIONS)
                            : ControllerMain.run(ControllerConfig.read(rest, System.getenv()));
                default -> Cli.run(arguments);
            };
        } catch (UsageException e) {
            Usage.faults(command, e);
            return EXIT_USAGE;
        }
    }
}
