package io.culvert.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** {@code culvert lab}: a cluster on this machine from Kubernetes YAML. */
@Command(
        name = "culvert lab",
        description = "A small cluster out of network namespaces on this machine.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "POD is a pod or a Deployment: NAME, or NAME.NAMESPACE."})
public final class LabMain {
    private static final Duration UP = Duration.ofSeconds(90);

    @Option(
            names = "--lab",
            paramLabel = "NUMBER",
            defaultValue = "",
            scope = ScopeType.INHERIT,
            description = "which lab, when several are up")
    private String lab = "";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "shows this")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    private LabMain() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** Runs a command line; returns the exit status. */
    public static int run(String... arguments) {
        CommandLine line = new CommandLine(new LabMain());
        line.setExecutionExceptionHandler((fault, where, _) -> {
            if (!(fault instanceof LabException)) {
                throw fault;
            }
            where.getErr().println("culvert lab: " + fault.getMessage());
            return 1;
        });
        line.setStopAtPositional(false);
        return line.execute(arguments);
    }

    @Command(name = "up", description = "Starts the cluster that FILE describes and returns when its pods are ready.")
    int up(
            @Parameters(paramLabel = "FILE") Path file,
            @Option(names = "--no-mesh", description = "without controller and agents") boolean noMesh,
            @Option(names = "--foreground", hidden = true) boolean foreground) {
        if (foreground) {
            serve(file, noMesh);
            return 0;
        }
        List<String> arguments =
                new ArrayList<>(List.of("up", file.toAbsolutePath().toString(), "--foreground"));
        if (noMesh) {
            arguments.add("--no-mesh");
        }
        return Detached.start(LabMain.class, arguments);
    }

    @Command(name = "ps", description = "Shows nodes and pods.")
    int ps() {
        return print(ask("ps"));
    }

    @Command(
            name = "exec",
            description = "Runs a command in a pod.",
            customSynopsis = "culvert lab exec [--lab=NUMBER] POD -- COMMAND...")
    int exec(
            @Parameters(paramLabel = "POD") String pod,
            @Parameters(paramLabel = "COMMAND", arity = "1..*") List<String> command) {
        List<String> words = new ArrayList<>(List.of("command", pod));
        words.addAll(command);
        return attached(Control.ask(lab, words));
    }

    @Command(name = "logs", description = "Shows what a pod's processes wrote.")
    int logs(@Parameters(paramLabel = "POD") String pod) {
        return print(ask("logs", pod));
    }

    @Command(name = "apply", description = "Applies Kubernetes and Istio YAML.")
    int apply(@Parameters(paramLabel = "FILE", description = "- is standard input") String file) {
        return print(ask("apply", read(file)));
    }

    @Command(name = "delete", description = "Deletes a resource.")
    int delete(@Parameters(paramLabel = "KIND") String kind, @Parameters(paramLabel = "NAME[.NAMESPACE]") String name) {
        return print(ask("delete", kind, name));
    }

    @Command(name = "label", description = "Sets labels of a pod or namespace: KEY=VALUE, or KEY- to remove one.")
    int label(
            @Parameters(paramLabel = "KIND") String kind,
            @Parameters(paramLabel = "NAME[.NAMESPACE]") String name,
            @Parameters(paramLabel = "CHANGE", arity = "1..*") List<String> changes) {
        return edit("label", kind, name, changes);
    }

    @Command(name = "annotate", description = "Sets annotations: KEY=VALUE, or KEY- to remove one.")
    int annotate(
            @Parameters(paramLabel = "KIND") String kind,
            @Parameters(paramLabel = "NAME[.NAMESPACE]") String name,
            @Parameters(paramLabel = "CHANGE", arity = "1..*") List<String> changes) {
        return edit("annotate", kind, name, changes);
    }

    @Command(name = "down", description = "Ends the cluster and removes everything it made.")
    int down() throws InterruptedException {
        List<RunDirectory> before = Control.running();
        ask("down");
        for (RunDirectory run : before) {
            if (lab.isEmpty() || lab.equals(Long.toString(run.pid()))) {
                ProcessHandle.of(run.pid())
                        .ifPresent(process -> process.onExit()
                                .completeOnTimeout(process, 20, TimeUnit.SECONDS)
                                .join());
            }
        }
        return 0;
    }

    private int edit(String verb, String kind, String name, List<String> changes) {
        List<String> words = new ArrayList<>(List.of(verb, kind, name));
        words.addAll(changes);
        return print(Control.ask(lab, words));
    }

    private List<String> ask(String... words) {
        return Control.ask(lab, List.of(words));
    }

    private static int print(List<String> text) {
        text.forEach(System.out::println);
        return 0;
    }

    private static String read(String file) {
        try {
            return file.equals("-")
                    ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new LabException("cannot read " + file, e);
        }
    }

    /** Runs {@code command} with this terminal; returns its status. */
    private static int attached(List<String> command) {
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new LabException("cannot start " + command.getFirst(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private static void serve(Path file, boolean noMesh) {
        long start = System.nanoTime();
        LabOptions options = (noMesh ? LabOptions.plain() : LabOptions.mesh(Launchers.find()))
                .withProgress(line -> System.out.println("culvert lab: " + line));
        try (Lab lab = Lab.start(read(file.toString()), options);
                LabServer server = new LabServer(lab)) {
            lab.awaitReady(UP);
            System.out.printf(
                    "lab %d is up after %.1f s: %d nodes, %d pods%n%n",
                    lab.run().pid(),
                    (System.nanoTime() - start) / 1e9,
                    lab.nodes().size(),
                    lab.pods().size());
            System.out.println(hint(lab));
            Detached.release(0, lab.directory().resolve("lab.log"));
            server.awaitDown();
        }
    }

    /** What to do with a lab that is up. */
    public static String hint(Lab lab) {
        String pod = lab.pods().stream().map(LabPod::fullName).findFirst().orElse("POD");
        return """
            Look around:
              ./culvert lab ps
              ./culvert lab exec %s -- sh
              ./culvert lab down
            """.formatted(pod);
    }
}
