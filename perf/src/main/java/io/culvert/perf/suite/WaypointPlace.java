package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.lab.Lab;
import io.culvert.lab.LabException;
import io.culvert.lab.LabNode;
import io.culvert.lab.LabPod;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The topology {@code waypoint}: the mesh's waypoint on the client's node, or another proxy of HTTP in its place. What counts
 * is the process in that place alone. One thread.
 */
final class WaypointPlace {
    static final String TOPOLOGY = "waypoint";
    /** How the names of peers for this topology begin. */
    static final String PREFIX = "waypoint-";

    private static final String NODE = "node-1";
    private static final Duration READY = Duration.ofSeconds(60);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int BODY_LIMIT = 1 << 16;

    private final Lab lab;
    private final Waypoint waypoint;
    private final Map<String, Peer> peers = new LinkedHashMap<>();
    private final List<Path> directories = new ArrayList<>();

    /** In a cluster whose pods are ready. */
    WaypointPlace(Lab lab) {
        this.lab = lab;
        LabPod pod = pod(WaypointYaml.NAMESPACE, WaypointYaml.GATEWAY);
        if (!pod.node().name().equals(NODE)) {
            throw new LabException("the waypoint runs on " + pod.node().name() + " instead of " + NODE
                    + ", where the proxies beside it are");
        }
        this.waypoint = new Waypoint(
                pod,
                lab.directory()
                        .resolve("pods")
                        .resolve(pod.namespace() + "." + pod.name())
                        .resolve("access.log"));
    }

    /** Whether an application serves in it. */
    static boolean isServer(LabPod pod) {
        return !pod.name().equals(WaypointYaml.MIDDLE) && !pod.name().equals(WaypointYaml.GATEWAY);
    }

    /** Starts a peer in the waypoint's place, in {@code directory}. */
    Peer start(String name, Path script, Path certs, Path directory, Path cache) throws IOException {
        Peer peer = Peer.start(
                name,
                script,
                new Peer.Place(
                        pod(name, "client"), pod(name, WaypointYaml.MIDDLE), pod(name, "server"), Ports.WAYPOINT),
                certs,
                directory,
                cache);
        peers.put(name, peer);
        directories.add(directory);
        return peer;
    }

    Map<String, Peer> peers() {
        return peers;
    }

    /** The mesh and the peers. */
    List<Variant> variants() {
        List<Variant> all = new ArrayList<>();
        List<AgentProcess> agents = lab.nodes().stream().map(LabNode::agent).toList();
        all.add(new Variant(
                TOPOLOGY,
                "culvert",
                pod(WaypointYaml.NAMESPACE, "client"),
                pod(WaypointYaml.NAMESPACE, "server"),
                lab.clusterIps(WaypointYaml.NAMESPACE, WaypointYaml.SERVICE).getFirst(),
                List.of(waypoint.pod().meshPid()),
                port -> true,
                agents,
                waypoint));
        peers.forEach((name, peer) -> all.add(new Variant(
                TOPOLOGY, name, pod(name, "client"), pod(name, "server"), peer.pids(), peer::serves, List.of())));
        return all;
    }

    /** Every way routes and refuses as it should, or it would be measured for less than it is there for. */
    void verify() {
        for (Variant variant : variants()) {
            try {
                Waits.until(variant.name() + " answers GET / by 200", READY, () -> status(variant, "GET", "/") == 200);
                expect(variant, "GET", "/old", 302);
                expect(variant, "GET", "/api/v2/things", 200);
                expect(variant, "DELETE", "/", 403);
            } catch (LabException e) {
                throw variant.waypoint() == null ? e : new LabException(e.getMessage() + waypoint.lastWords(), e);
            }
        }
    }

    /** Starts every log of requests anew: millions of lines would fill the disk. */
    void emptyAccessLogs() throws IOException {
        List<Path> logs = new ArrayList<>();
        logs.add(waypoint.accessLog());
        for (Path directory : directories) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*access.log")) {
                files.forEach(logs::add);
            }
        }
        for (Path log : logs) {
            if (Files.exists(log)) {
                FileChannel.open(log, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
                        .close();
            }
        }
    }

    private static void expect(Variant variant, String method, String path, int expected) {
        int seen = status(variant, method, path);
        if (seen != expected) {
            throw new LabException("topology " + TOPOLOGY + ": " + variant.name() + " answers " + method + " " + path
                    + " by " + (seen == 0 ? "no HTTP" : seen) + " instead of " + expected);
        }
    }

    /** 0 when there is no answer. */
    private static int status(Variant variant, String method, String path) {
        try {
            return variant.client()
                    .sockets()
                    .request(
                            method,
                            InetAddress.ofLiteral(variant.host()),
                            Ports.HTTP,
                            path,
                            Map.of(),
                            TIMEOUT,
                            BODY_LIMIT)
                    .status();
        } catch (IOException e) {
            return 0;
        }
    }

    private LabPod pod(String namespace, String name) {
        return lab.pod(name + "." + namespace);
    }
}
