package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CliTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void anUnknownCommandIsAnErrorWithASuggestion() {
        assertThat(run("statsu")).isEqualTo(Main.EXIT_USAGE);
        assertThat(err.toString()).contains("unknown command \"statsu\"; did you mean status?");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void commandsOfTheScriptAreSuggestedToo() {
        run("dmeo");
        assertThat(err.toString()).contains("did you mean demo?");
    }

    @Test
    void helpNamesEveryCommand() {
        assertThat(run("help")).isZero();
        assertThat(out.toString())
                .contains("status", "analyze", "version", "agent", "controller", "demo", "lab", "test", "bench");
    }

    @Test
    void versionNamesTheVersionAndTheJava() {
        assertThat(run("version")).isZero();
        assertThat(out.toString()).startsWith("culvert ").contains("(Java 25");
    }

    @Test
    void anUnknownOptionOfACommandIsBadUsage() {
        assertThat(run("status", "--agent", "x")).isEqualTo(Main.EXIT_USAGE);
        assertThat(err.toString()).contains("culvert status: ", "--agent", "culvert status --help");
    }

    @Test
    void anAgentThatDoesNotAnswerIsNamed() {
        assertThat(run("status", "--agents", "http://127.0.0.1:1")).isEqualTo(Main.EXIT_FAILURE);
        assertThat(err.toString())
                .contains("the agent of http://127.0.0.1:1 does not answer on its admin port 1", "is it running?");
    }

    @Test
    void analyzeReadsFilesAndDirectoriesAndNamesWhatIsMissing(@TempDir Path dir) throws IOException {
        Files.writeString(dir.resolve("ns.yaml"), """
                apiVersion: v1
                kind: Namespace
                metadata:
                  name: shop
                """);
        assertThat(run("analyze", dir.toString())).isZero();
        assertThat(out.toString()).contains("0 errors");
        assertThat(run("analyze", dir.resolve("missing.yaml").toString())).isEqualTo(Main.EXIT_FAILURE);
        assertThat(err.toString()).contains("cannot read " + dir.resolve("missing.yaml"), "does it exist?");
    }

    @Test
    void analyzeFailsWithFileAndLine(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("bad.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: [\n");
        assertThat(run("analyze", file.toString())).isEqualTo(Main.EXIT_FAILURE);
        assertThat(out.toString()).contains(file + ":").contains("error");
    }

    private int run(String... arguments) {
        return Cli.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
    }
}
