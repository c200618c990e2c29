package io.culvert.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The controller of the cluster. Agents reach it by a Unix socket; it has an address on the link for others. Any thread. */
public final class ControllerProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final MeshProcess process;
    private final Path directory;

    ControllerProcess(Netns netns, Launcher launcher, List<String> options, RunDirectory run) {
        this.directory = run.controller();
        List<String> command = new ArrayList<>(launcher.command("controller"));
        command.addAll(List.of(
                "--config", run.config().toString(),
                "--state-dir", directory.resolve("state").toString(),
                "--unix", socket(run).toString(),
                "--node-tokens", run.tokens().toString()));
        command.addAll(options);
        this.process = new MeshProcess("controller", netns.enter(command), directory.resolve("controller.log"));
    }

    static Path socket(RunDirectory run) {
        return run.controller().resolve("xds.sock");
    }

    /** Starts it, again when it has ended. */
    public void start() {
        process.start();
    }

    public boolean running() {
        return process.running();
    }

    public long pid() {
        return process.pid();
    }

    /** Ends it by SIGKILL. */
    public void kill() {
        process.kill();
    }

    public void stop(Duration grace) {
        process.stop(grace);
    }

    /** Its own log so far. */
    public String log() {
        return process.log();
    }

    /** The status document that it keeps, or nothing before the first. */
    public String status() {
        Path status = directory.resolve("state").resolve("status.json");
        try {
            return Files.exists(status) ? Files.readString(status) : "";
        } catch (IOException e) {
            throw new LabException("cannot read " + status, e);
        }
    }

    /** What it finds wrong in the configuration, a line each. */
    public List<String> findings() {
        List<String> findings = new ArrayList<>();
        String status = status();
        try {
            for (JsonNode finding :
                    JSON.readTree(status.isEmpty() ? "{}" : status).path("diagnostics")) {
                findings.add("%s:%d: %s: %s %s: %s"
                        .formatted(
                                finding.path("file").asText(),
                                finding.path("line").asInt(),
                                finding.path("severity").asText(),
                                finding.path("resource").asText(),
                                finding.path("path").asText(),
                                finding.path("message").asText()));
            }
        } catch (JsonProcessingException e) {
            throw new LabException("the controller's status is not JSON: " + status, e);
        }
        return findings;
    }

    /** The certificate that the mesh trusts. */
    public Path rootCertificate() {
        return directory.resolve("state").resolve("root-cert.pem");
    }

    String lastWords() {
        return process.lastWords();
    }

    @Override
    public void close() {
        process.close();
    }
}
