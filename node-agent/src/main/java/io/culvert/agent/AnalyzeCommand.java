package io.culvert.agent;

import io.culvert.config.AnalysisReport;
import io.culvert.config.Analyzer;
import io.culvert.config.CompilerSettings;
import io.culvert.config.Severity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code culvert analyze FILES}: what the controller would say of these files. */
@Command(
        name = "analyze",
        description = "Says what the mesh would make of YAML files: each finding with file, line, field and remedy.",
        footer = {"", "Exit status: 0 without errors, 1 with errors, 64 for bad usage."})
final class AnalyzeCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILES", description = "YAML files, or directories of them")
    private List<Path> paths = new ArrayList<>();

    @Option(names = "--trust-domain", paramLabel = "NAME", description = "default: ${DEFAULT-VALUE}")
    private String trustDomain = CompilerSettings.DEFAULTS.trustDomain();

    @Option(names = "--cluster-domain", paramLabel = "NAME", description = "default: ${DEFAULT-VALUE}")
    private String clusterDomain = CompilerSettings.DEFAULTS.clusterDomain();

    @Option(names = "--root-namespace", paramLabel = "NAME", description = "default: ${DEFAULT-VALUE}")
    private String rootNamespace = CompilerSettings.DEFAULTS.rootNamespace();

    @Option(names = "--istio-labels", description = "also honour Istio's ambient labels")
    private boolean istioLabels;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this help")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        CompilerSettings settings = new CompilerSettings(
                trustDomain,
                CompilerSettings.DEFAULTS.clusterId(),
                clusterDomain,
                rootNamespace,
                CompilerSettings.DEFAULTS.network(),
                istioLabels);
        AnalysisReport report = new Analyzer(settings).analyze(read());
        spec.commandLine().getOut().print(report.toText());
        spec.commandLine().getOut().flush();
        return report.count(Severity.ERROR) > 0 ? Main.EXIT_FAILURE : 0;
    }

    private Map<String, String> read() throws IOException {
        Map<String, String> files = new TreeMap<>();
        for (Path path : paths) {
            if (Files.isDirectory(path)) {
                try (Stream<Path> below = Files.walk(path)) {
                    for (Path file : below.filter(AnalyzeCommand::isYaml).toList()) {
                        read(file, files);
                    }
                }
            } else {
                read(path, files);
            }
        }
        return files;
    }

    private static void read(Path file, Map<String, String> files) throws IOException {
        try {
            // Not strict: the reader of YAML names the place of a malformed character.
            files.put(file.toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + e.getMessage() + " (does it exist?)", e);
        }
    }

    private static boolean isYaml(Path file) {
        String name = file.getFileName().toString();
        return Files.isRegularFile(file) && (name.endsWith(".yaml") || name.endsWith(".yml"));
    }
}
