package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.lab.Lab;
import io.culvert.lab.LabNode;
import io.culvert.lab.LabOptions;
import io.culvert.lab.LabPod;
import io.culvert.perf.measure.SafepointLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A second mesh on this machine, the same but for its tunnels' key agreement, which is the peers' X25519: what it costs
 * less than the first is what the hybrid one costs. One thread.
 */
final class ClassicalMesh implements AutoCloseable {
    /** Among the peers, and in the report. */
    static final String NAME = "culvert-classical";

    private final Lab lab;

    private ClassicalMesh(Lab lab) {
        this.lab = lab;
    }

    static ClassicalMesh start(Path directory, SafepointLog safepoints) throws IOException {
        Files.createDirectories(directory);
        return new ClassicalMesh(Lab.start(
                ClusterYaml.of(directory, List.of(), List.of(), Map.of()),
                LabOptions.mesh(Launch.shipped(safepoints.flag())).withAgentOptions("--key-agreement", "classical")));
    }

    Lab lab() {
        return lab;
    }

    Variant tunnel() {
        List<AgentProcess> agents = lab.nodes().stream().map(LabNode::agent).toList();
        return new Variant(
                "tunnel",
                NAME,
                pod("client"),
                pod("server"),
                agents.stream().map(AgentProcess::pid).toList(),
                port -> true,
                agents);
    }

    private LabPod pod(String name) {
        return lab.pod(name + ".mesh");
    }

    @Override
    public void close() {
        lab.close();
    }
}
