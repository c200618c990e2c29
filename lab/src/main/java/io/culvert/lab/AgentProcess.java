package io.culvert.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The agent of a node, and what a person on that node can ask it. Any platform thread. */
public final class AgentProcess implements AutoCloseable {
    private static final int ADMIN = 15000;
    private static final int METRICS = 15020;
    private static final int READINESS = 15021;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int BODY_LIMIT = 64 << 20;

    private final LabNode node;
    private final MeshProcess process;
    private final Path accessLog;
    private final Path cniSocket;

    AgentProcess(LabNode node, Launcher launcher, List<String> options, RunDirectory run) {
        Path directory = run.node(node.name());
        this.node = node;
        this.accessLog = directory.resolve("access.log");
        this.cniSocket = directory.resolve("cni.sock");
        List<String> command = new ArrayList<>(launcher.command("agent"));
        command.addAll(List.of(
                "--node", node.name(),
                "--xds", "unix:" + ControllerProcess.socket(run),
                "--node-token", run.tokens().resolve(node.name()).toString(),
                "--state-dir", directory.resolve("state").toString(),
                "--cni-socket", cniSocket.toString(),
                "--access-log", accessLog.toString()));
        command.addAll(options);
        this.process =
                new MeshProcess("agent of " + node.name(), node.netns().enter(command), directory.resolve("agent.log"));
    }

    /** Starts it, again when it has ended. */
    public void start() {
        process.start();
    }

    public long pid() {
        return process.pid();
    }

    public boolean running() {
        return process.running();
    }

    /** Ends it by SIGKILL. */
    public void kill() {
        process.kill();
    }

    /** Ends it by SIGTERM, and by SIGKILL after {@code grace}. */
    public void stop(Duration grace) {
        process.stop(grace);
    }

    /** Whether its readiness endpoint says so. */
    public boolean ready() {
        try {
            return get(READINESS, "/healthz/ready").status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** What the admin endpoint answers to GET {@code path}. */
    public String admin(String path) {
        return require(ADMIN, path);
    }

    /** The metrics exposition. */
    public String metrics() {
        return require(METRICS, "/metrics");
    }

    /** The lines of its access log so far. */
    public List<String> accessLog() {
        try {
            return Files.exists(accessLog)
                    ? Files.readString(accessLog, StandardCharsets.UTF_8)
                            .lines()
                            .toList()
                    : List.of();
        } catch (IOException e) {
            throw new LabException("cannot read " + accessLog, e);
        }
    }

    /** Its own log so far. */
    public String log() {
        return process.log();
    }

    Path cniSocket() {
        return cniSocket;
    }

    String lastWords() {
        return process.lastWords();
    }

    @Override
    public void close() {
        process.close();
    }

    private String require(int port, String path) {
        try {
            NamespaceSockets.HttpAnswer answer = get(port, path);
            if (answer.status() != 200) {
                throw new LabException("the agent of " + node.name() + " answers " + answer.status() + " to " + path
                        + " on port " + port + ": " + answer.body().strip());
            }
            return answer.body();
        } catch (IOException e) {
            throw new LabException("the agent of " + node.name() + " does not answer on port " + port, e);
        }
    }

    private NamespaceSockets.HttpAnswer get(int port, String path) throws IOException {
        return node.sockets().get(InetAddress.getLoopbackAddress(), port, path, Map.of(), TIMEOUT, BODY_LIMIT);
    }
}
