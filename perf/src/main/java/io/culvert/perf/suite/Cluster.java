package io.culvert.perf.suite;

import io.culvert.lab.AgentProcess;
import io.culvert.lab.Lab;
import io.culvert.lab.LabException;
import io.culvert.lab.LabNode;
import io.culvert.lab.LabOptions;
import io.culvert.lab.LabPod;
import io.culvert.perf.measure.SafepointLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Two nodes with a client and a server for every variant: the same pods on the same nodes, only what stands between them
 * differs. Everything runs all the time; the rounds decide who works. One thread; it is taken down by {@link #close}, or
 * when the process is told to end.
 */
final class Cluster implements AutoCloseable {
    private static final String DIRECT = "direct";
    private static final String MESH = "mesh";
    private static final String NEAR = "-near";
    private static final Duration READY = Duration.ofSeconds(90);

    private final Path directory;
    private final Lab lab;
    private final SafepointLog safepoints;
    private final TakeDown down;
    private final List<OtherMesh> others;
    private final @Nullable WaypointPlace waypoint;
    private final Map<String, Peer> peers = new LinkedHashMap<>();
    private final Map<String, Peer> nearPeers = new LinkedHashMap<>();

    private Cluster(
            Path directory,
            Lab lab,
            SafepointLog safepoints,
            TakeDown down,
            List<OtherMesh> others,
            @Nullable WaypointPlace waypoint) {
        this.others = others;
        this.waypoint = waypoint;
        this.directory = directory;
        this.lab = lab;
        this.safepoints = safepoints;
        this.down = down;
    }

    /**
     * Starts it and returns when every pod serves and every agent is ready.
     *
     * @param scripts name to script of the peers of the tunnel topology, and of {@code near}, those on one node
     * @param waypoint those in a waypoint's place; null when there is to be no waypoint
     * @param others meshes that stand beside
     * @param more pods of the mesh, name to node; an echo and a sink listen in those that are no clients by name
     * @param cache outlives the run
     */
    static Cluster start(
            Map<String, Path> scripts,
            Map<String, Path> near,
            @Nullable Map<String, Path> waypoint,
            List<OtherMesh> others,
            Map<String, String> more,
            Path cache)
            throws IOException {
        TakeDown down = new TakeDown();
        try {
            // Not below /tmp: a pod has one of its own.
            Path directory = Files.createTempDirectory(Path.of("/run"), "culvert-bench");
            down.add(() -> Commands.run("rm", "-rf", directory.toString()));
            SafepointLog safepoints = new SafepointLog(directory);
            String pods = ClusterYaml.of(directory, scripts.keySet(), near.keySet(), more, others);
            Lab lab = Lab.start(
                    waypoint == null ? pods : WaypointYaml.first(directory, others),
                    LabOptions.mesh(Launch.shipped(safepoints.flag())));
            down.add(lab::close);
            if (waypoint != null) {
                lab.apply(pods + WaypointYaml.rest(directory, waypoint.keySet()));
            }
            await(lab);
            down.add(LoadProgram.backend(servers(lab)));
            WaypointPlace place = waypoint == null ? null : new WaypointPlace(lab);
            Cluster cluster = new Cluster(directory, lab, safepoints, down, others, place);
            cluster.startPeers(scripts, near, cache);
            if (waypoint != null && place != null) {
                cluster.startWaypointPeers(place, waypoint, cache);
            }
            return cluster;
        } catch (IOException | RuntimeException e) {
            try {
                down.close();
            } catch (IOException | RuntimeException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    private static List<String> servers(Lab lab) {
        return lab.pods().stream()
                .filter(pod -> !pod.name().startsWith("client") && WaypointPlace.isServer(pod))
                .map(pod -> pod.networkNamespace().toString())
                .toList();
    }

    private static void await(Lab lab) {
        lab.awaitReady(READY);
        for (LabNode node : lab.nodes()) {
            Waits.until("the agent of " + node.name() + " is ready", READY, node.agent()::ready);
        }
    }

    private void startPeers(Map<String, Path> scripts, Map<String, Path> near, Path cache) throws IOException {
        Path certs = Files.createDirectories(certs());
        Commands.run(Scripts.directory().resolve("certs.sh").toString(), certs.toString());
        for (Map.Entry<String, Path> peer : scripts.entrySet()) {
            peers.put(peer.getKey(), peer(peer.getKey(), peer.getKey(), peer.getValue(), "server", certs, cache));
        }
        for (Map.Entry<String, Path> peer : near.entrySet()) {
            String namespace = peer.getKey() + NEAR;
            nearPeers.put(peer.getKey(), peer(peer.getKey(), namespace, peer.getValue(), "near", certs, cache));
        }
    }

    private void startWaypointPeers(WaypointPlace place, Map<String, Path> scripts, Path cache) throws IOException {
        for (Map.Entry<String, Path> peer : scripts.entrySet()) {
            down.add(place.start(
                    peer.getKey(), peer.getValue(), certs(), directory.resolve("peer-" + peer.getKey()), cache));
        }
        place.verify();
    }

    private Path certs() {
        return directory.resolve("certs");
    }

    private Peer peer(String name, String namespace, Path script, String server, Path certs, Path cache)
            throws IOException {
        Peer peer = Peer.start(
                name,
                script,
                new Peer.Place(pod("client", namespace), null, pod(server, namespace), Ports.ALL),
                certs,
                directory.resolve("peer-" + namespace),
                cache);
        down.add(peer);
        return peer;
    }

    Lab lab() {
        return lab;
    }

    /** For files of the bench's own; it goes with the cluster. */
    Path directory() {
        return directory;
    }

    /** Starts the logs of requests anew, where there are any. */
    void emptyAccessLogs() throws IOException {
        if (waypoint != null) {
            waypoint.emptyAccessLogs();
        }
    }

    SafepointLog safepoints() {
        return safepoints;
    }

    /** {@code direct}, {@code culvert} and the peers of {@code topology}, in this order. */
    List<Variant> variants(String topology) {
        return switch (topology) {
            case "tunnel" -> {
                List<Variant> all = variants(topology, "server", MESH, agents("node-1", "node-2"), peers, "");
                for (OtherMesh other : others) {
                    List<AgentProcess> agents = agents(other.clientNode(), other.serverNode());
                    all.add(new Variant(
                            topology,
                            other.label(),
                            pod("client", other.label()),
                            pod("server", other.label()),
                            pids(agents),
                            port -> true,
                            agents));
                }
                yield all;
            }
            case "same-node" -> variants(topology, "near", MESH, agents("node-1"), nearPeers, NEAR);
            // The mesh's client goes to a server that is not in the mesh: captured and carried on as it is.
            case "relay" -> variants(topology, "server", DIRECT, agents("node-1"), relays(), "");
            case WaypointPlace.TOPOLOGY -> {
                List<Variant> all = new ArrayList<>();
                all.add(direct(topology, "server"));
                if (waypoint != null) {
                    all.addAll(waypoint.variants());
                }
                yield all;
            }
            default ->
                throw new LabException("no topology " + topology + ": there are tunnel, same-node, relay and waypoint");
        };
    }

    /** The same way between the pods {@code client-other} and {@code other} of the mesh: another tunnel. */
    Variant otherPods(Variant variant) {
        return between(variant, pod("client-other", MESH), pod("other", MESH));
    }

    /** The same way from another pod of the mesh. */
    Variant from(Variant variant, String client) {
        return between(variant, pod(client, MESH), variant.server());
    }

    /** A pod that is not in the mesh. */
    LabPod outside() {
        return pod("client", DIRECT);
    }

    private static Variant between(Variant variant, LabPod client, LabPod server) {
        return new Variant(
                variant.topology(), variant.name(), client, server, variant.pids(), variant.serves(), variant.agents());
    }

    private Map<String, Peer> relays() {
        Map<String, Peer> relays = new LinkedHashMap<>(peers);
        relays.keySet().retainAll(java.util.Set.of("haproxy-tcp"));
        return relays;
    }

    private List<Variant> variants(
            String topology,
            String server,
            String meshServer,
            List<AgentProcess> agents,
            Map<String, Peer> others,
            String suffix) {
        List<Variant> all = new ArrayList<>();
        all.add(direct(topology, server));
        all.add(new Variant(
                topology, "culvert", pod("client", MESH), pod(server, meshServer), pids(agents), port -> true, agents));
        others.forEach((name, peer) -> all.add(new Variant(
                topology,
                name,
                pod("client", name + suffix),
                pod(server, name + suffix),
                peer.pids(),
                peer::serves,
                List.of())));
        return all;
    }

    private Variant direct(String topology, String server) {
        return new Variant(
                topology, DIRECT, pod("client", DIRECT), pod(server, DIRECT), List.of(), port -> true, List.of());
    }

    private static List<Long> pids(List<AgentProcess> agents) {
        return agents.stream().map(AgentProcess::pid).toList();
    }

    private List<AgentProcess> agents(String... nodes) {
        return java.util.Arrays.stream(nodes)
                .map(node -> lab.node(node).agent())
                .toList();
    }

    /** Name to version. */
    SortedMap<String, String> versions() {
        SortedMap<String, String> versions = new TreeMap<>();
        new HashMap<>(nearPeers).forEach((name, peer) -> versions.put(name, peer.version()));
        peers.forEach((name, peer) -> versions.put(name, peer.version()));
        if (waypoint != null) {
            waypoint.peers().forEach((name, peer) -> versions.put(name, peer.version()));
        }
        return versions;
    }

    private LabPod pod(String name, String namespace) {
        return lab.pod(String.format(Locale.ROOT, "%s.%s", name, namespace));
    }

    @Override
    public void close() throws IOException {
        down.close();
    }
}
