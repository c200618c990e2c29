package io.culvert.perf.suite;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.LabException;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A mesh of 100,000 workloads, 5,000 services and 10,000 policies taken whole by an agent's configuration client, then
 * changed piece by piece: a process of its own for each round, with the flags and the ahead-of-time cache of an agent.
 */
final class Scale implements Suite {
    static final String LOAD = "100000-workloads";
    static final String TOPOLOGY = "agent";

    private static final String NAME = "scale";
    private static final String MAIN = "io.culvert.perf.scale.ScaleMain";
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        List<Round> rounds = new ArrayList<>();
        for (int rotation = 0; rotation < session.rotations(); rotation++) {
            SortedMap<String, Double> values = values(run());
            session.say(String.format(Locale.ROOT, "scale %d/%d: %s", rotation + 1, session.rotations(), values));
            rounds.add(new Round(rotation, "", values, new TreeMap<>()));
        }
        return List.of(new Series(NAME, LOAD, TOPOLOGY, "culvert", rounds));
    }

    private static String run() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        Path root = Launch.script().resolveSibling(".").normalize();
        command.addAll(EnvironmentReader.flags(root));
        Path cache = root.resolve("dist/agent.aot");
        if (Files.exists(cache)) {
            command.add("-XX:AOTCache=" + cache);
        }
        command.addAll(List.of("-cp", classPath(), MAIN));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // As the root script has it for every role.
        builder.environment().put("MALLOC_ARENA_MAX", "1");
        Process process = builder.start();
        String last = "";
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                last = line.startsWith("{") ? line : last;
            }
            int status = process.waitFor();
            if (status != 0 || last.isEmpty()) {
                throw new LabException("scale: " + MAIN + " ended with status " + status
                        + " and no figures; what it said stands above");
            }
            return last;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while scale was measured", e);
        } finally {
            process.destroy();
        }
    }

    /** The agent's, by which its cache was made, before all others. */
    private static String classPath() {
        Set<String> jars = new LinkedHashSet<>();
        for (String path : List.of(
                Commands.run(Launch.script().toString(), "class-path", "agent").strip(),
                System.getProperty("java.class.path"))) {
            jars.addAll(List.of(path.split(File.pathSeparator, -1)));
        }
        return String.join(File.pathSeparator, jars);
    }

    /** Every number of the program's line; what their names say is said in {@code io.culvert.perf.result}. */
    static SortedMap<String, Double> values(String line) throws JsonProcessingException {
        SortedMap<String, Double> values = new TreeMap<>();
        for (Map.Entry<String, JsonNode> field : JSON.readTree(line).properties()) {
            if (field.getValue().isNumber()) {
                // A unit stands at the end of a name.
                String name = field.getKey().equals("kib_per_workload") ? "heap_per_workload_kib" : field.getKey();
                values.put(name, field.getValue().asDouble());
            }
        }
        return values;
    }
}
