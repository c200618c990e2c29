package io.culvert.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The ways to start a role: the script at the root of the checkout, or the class path of this process. */
public final class Launchers {
    private static final String MAIN = "io.culvert.agent.Main";

    /** What an agent starts without: the compiler, the certificate authority, command lines, the laboratory. */
    private static final String NOT_IN_AGENT =
            ".*(/(config|control-plane|lab|perf)/target/.*|/culvert-(config|control-plane|lab|perf)-[^/]*|/bc[^/]*-jdk18on-[^/]*"
                    + "|/snakeyaml-[^/]*|/picocli-[^/]*|/HdrHistogram-[^/]*)";

    /** What only tests need. */
    private static final String TEST_ONLY =
            ".*(/test-classes/?|/surefire[^/]*|/(junit|assertj|opentest4j|byte-buddy|apiguardian)[^/]*\\.jar)";

    private Launchers() {}

    /** The script that started this process and told so in the variable CULVERT, or else {@link #ofClassPath}. */
    public static Launcher find() {
        String script = System.getenv("CULVERT");
        return script == null ? ofClassPath() : role -> List.of("env", "CULVERT_NO_BUILD=1", script, role);
    }

    /**
     * Starts roles with the classes of this process, tests excepted, and the flags of node-agent/src/main/launch: for
     * tests of what the build has just compiled.
     */
    public static Launcher ofClassPath() {
        Path flags = checkout().resolve("node-agent/src/main/launch");
        List<String> entries = Arrays.stream(
                        System.getProperty("java.class.path").split(":"))
                .filter(entry -> !entry.matches(TEST_ONLY))
                .toList();
        return role -> {
            List<String> command = new ArrayList<>(List.of(
                    "env",
                    "MALLOC_ARENA_MAX=1",
                    Path.of(System.getProperty("java.home"), "bin", "java").toString()));
            command.addAll(flags(flags.resolve(role + ".flags")));
            command.add("-cp");
            command.add(entries.stream()
                    .filter(entry -> !role.equals("agent") || !entry.matches(NOT_IN_AGENT))
                    .collect(Collectors.joining(":")));
            command.add(MAIN);
            command.add(role);
            return command;
        };
    }

    private static List<String> flags(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .map(line -> line.replaceFirst("#.*", "").strip())
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new LabException("cannot read the JVM flags " + file, e);
        }
    }

    /** The root of the checkout: the first directory upwards that has node-agent. */
    private static Path checkout() {
        for (Path path = Path.of("").toAbsolutePath(); path != null; path = path.getParent()) {
            if (Files.isDirectory(path.resolve("node-agent/src/main/launch"))) {
                return path;
            }
        }
        throw new LabException("run inside the checkout: node-agent/src/main/launch is in no directory above "
                + Path.of("").toAbsolutePath());
    }
}
