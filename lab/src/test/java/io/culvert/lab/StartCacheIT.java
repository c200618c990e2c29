package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents and controllers as the script at the root starts them: with their ahead-of-time caches, or saying why not. */
@Tag("netns")
class StartCacheIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String ONE_NODE = """
            apiVersion: v1
            kind: Node
            metadata: {name: node1}
            """;
    private static final String IN_USE = "culvert_aot_cache_in_use 1.0";
    private static final String NOT_IN_USE = "culvert_aot_cache_in_use 0.0";

    @TempDir
    private static Path directory;

    private static final Path SCRIPT = script();
    private static Lab lab;

    @BeforeAll
    static void start() throws IOException {
        assertThat(SCRIPT.resolveSibling("dist/agent.aot"))
                .as("the cache that a build makes; dist/train.log says why there is none, ./culvert train makes it")
                .isNotEmptyFile();
        flags("-Xlog:class+load:file=" + directory + "/classes-%p.log");
        lab = Lab.start(
                ONE_NODE,
                LabOptions.mesh(role -> List.of(
                        // The variable of this moment: each start can have other flags.
                        "bash",
                        "-c",
                        "export CULVERT_NO_BUILD=1 CULVERT_JAVA_OPTS=\"$(cat " + directory + "/flags)\"; exec \"$@\"",
                        "bash",
                        SCRIPT.toString(),
                        role)));
        awaitAgent();
    }

    @AfterAll
    static void stop() {
        lab.close();
    }

    @Test
    void anAgentAsShippedRunsWithItsCache() throws IOException {
        AgentProcess agent = startedWith("-Xlog:class+load:file=" + directory + "/classes-%p.log");
        assertThat(mapped(agent))
                .contains(SCRIPT.resolveSibling("dist/agent.aot").toString());
        assertThat(agent.metrics()).contains(IN_USE);
        assertThat(lastStart(agent))
                .contains("started with the ahead-of-time cache")
                .doesNotContain("refused");
        List<String> loaded = Files.readAllLines(directory.resolve("classes-" + agent.pid() + ".log"));
        long cached = loaded.stream()
                .filter(line -> line.contains("source: shared objects file"))
                .count();
        assertThat(cached)
                .as("classes of the cache among %d loaded ones", loaded.size())
                .isGreaterThan(loaded.size() * 9L / 10);
    }

    @Test
    void aCacheOfOtherFlagsIsNamedWithTheRemedy() throws IOException {
        AgentProcess agent = startedWith("-XX:-UseCompactObjectHeaders");
        assertRefused(agent, SCRIPT.resolveSibling("dist/agent.aot"));
    }

    @Test
    void aCacheOfOtherJarsIsNamedWithTheRemedy() throws IOException {
        Path other = SCRIPT.resolveSibling("dist/controller.aot");
        AgentProcess agent = startedWith("-XX:AOTCache=" + other);
        assertRefused(agent, other);
    }

    @Test
    void aCacheThatIsNotThereIsNamedWithTheRemedy() throws IOException {
        Path missing = directory.resolve("missing.aot");
        AgentProcess agent = startedWith("-XX:AOTCache=" + missing);
        assertRefused(agent, missing);
    }

    private static void assertRefused(AgentProcess agent, Path cache) throws IOException {
        assertThat(mapped(agent)).doesNotContain(cache.toString());
        assertThat(agent.metrics()).contains(NOT_IN_USE);
        assertThat(lastStart(agent))
                .contains("the JVM refused the ahead-of-time cache " + cache)
                .contains("./culvert train");
    }

    /** Starts the agent anew with more JVM flags. */
    private static AgentProcess startedWith(String flags) throws IOException {
        AgentProcess agent = lab.node("node1").agent();
        agent.stop(TIMEOUT);
        flags(flags);
        agent.start();
        awaitAgent();
        return agent;
    }

    private static void awaitAgent() {
        Poll.untilTrue(
                TIMEOUT,
                "the agent is not ready",
                () -> lab.node("node1").agent().ready());
    }

    private static void flags(String flags) throws IOException {
        Files.writeString(directory.resolve("flags"), flags);
    }

    private static String mapped(AgentProcess agent) throws IOException {
        return Files.readString(Path.of("/proc/" + agent.pid() + "/maps"));
    }

    private static String lastStart(AgentProcess agent) {
        String log = agent.log();
        return log.substring(log.lastIndexOf("culvert agent "));
    }

    /** The script that started this process, or that of the checkout. */
    private static Path script() {
        String started = System.getenv("CULVERT");
        if (started != null) {
            return Path.of(started);
        }
        for (Path path = Path.of("").toAbsolutePath(); path != null; path = path.getParent()) {
            if (Files.isExecutable(path.resolve("culvert"))) {
                return path.resolve("culvert");
            }
        }
        throw new LabException("run inside the checkout: the script culvert is in no directory above this one");
    }
}
