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
    private final @Nullable ClassicalMesh classical;
    private final Map<String, Peer> peers = new LinkedHashMap<>();
    private final Map<String, Peer> nearPeers = new LinkedHashMap<>();

    private Cluster(
            Path directory, Lab lab, SafepointLog safepoints, TakeDown down, @Nullable ClassicalMesh classical) {
        this.classical = classical;
        this.directory = directory;
        this.lab = lab;
        this.safepoints = safepoints;
        this.down = down;
    }

    /**
     * Starts it and returns when every pod serves and every agent is ready.
     *
     * @param scripts name to script of the peers of the tunnel topology, and of {@code near}, those on one node
     * @param withClassical whether a {@link ClassicalMesh} stands beside
     * @param more pods of the mesh, name to node; an echo and a sink listen in those that are no clients by name
     * @param cache outlives the run
     */
    static Cluster start(
            Map<String, Path> scripts,
            Map<String, Path> near,
            boolean withClassical,
            Map<String, String> more,
            Path cache)
            throws IOException {
        TakeDown down = new TakeDown();
        try {
            // Not below /tmp: a pod has one of its own.
            Path directory = Files.createTempDirectory(Path.of("/run"), "culvert-bench");
            down.add(() -> Commands.run("rm", "-rf", directory.toString()));
            SafepointLog safepoints = new SafepointLog(directory);
            Lab lab = Lab.start(
                    ClusterYaml.of(directory, scripts.keySet(), near.keySet(), more),
                    LabOptions.mesh(Launch.shipped(safepoints.flag())));
            down.add(lab::close);
            await(lab);
            List<String> servers = new ArrayList<>(servers(lab));
            ClassicalMesh classical = null;
            if (withClassical) {
                classical = ClassicalMesh.start(directory.resolve(ClassicalMesh.NAME), safepoints);
                down.add(classical::close);
                await(classical.lab());
                servers.addAll(servers(classical.lab()));
            }
            down.add(LoadProgram.backend(servers));
            Cluster cluster = new Cluster(directory, lab, safepoints, down, classical);
            cluster.startPeers(scripts, near, cache);
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
                .filter(pod -> !pod.name().startsWith("client"))
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
        Path certs = Files.createDirectories(directory.resolve("certs"));
        Commands.run(Scripts.directory().resolve("certs.sh").toString(), certs.toString());
        for (Map.Entry<String, Path> peer : scripts.entrySet()) {
            peers.put(peer.getKey(), peer(peer.getKey(), peer.getKey(), peer.getValue(), "server", certs, cache));
        }
        for (Map.Entry<String, Path> peer : near.entrySet()) {
            String namespace = peer.getKey() + NEAR;
            nearPeers.put(peer.getKey(), peer(peer.getKey(), namespace, peer.getValue(), "near", certs, cache));
        }
    }

    private Peer peer(String name, String namespace, Path script, String server, Path certs, Path cache)
            throws IOException {
        Peer peer = Peer.start(
                name,
                script,
                pod("client", namespace),
                pod(server, namespace),
                certs,
                directory.resolve("peer-" + namespace),
                cache);
        down.add(peer);
        return peer;
    }

    Lab lab() {
        return lab;
    }

    SafepointLog safepoints() {
        return safepoints;
    }

    /** {@code direct}, {@code culvert} and the peers of {@code topology}, in this order. */
    List<Variant> variants(String topology) {
        return switch (topology) {
            case "tunnel" -> {
                List<Variant> all = variants(topology, "server", MESH, agents("node-1", "node-2"), peers, "");
                if (classical != null) {
                    all.add(classical.tunnel());
                }
                yield all;
            }
            case "same-node" -> variants(topology, "near", MESH, agents("node-1"), nearPeers, NEAR);
            // The mesh's client goes to a server that is not in the mesh: captured and carried on as it is.
            case "relay" -> variants(topology, "server", DIRECT, agents("node-1"), relays(), "");
            default -> throw new LabException("no topology " + topology + ": there are tunnel, same-node and relay");
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
        all.add(new Variant(
                topology, DIRECT, pod("client", DIRECT), pod(server, DIRECT), List.of(), port -> true, List.of()));
        all.add(new Variant(
                topology,
                "culvert",
                pod("client", MESH),
                pod(server, meshServer),
                agents.stream().map(AgentProcess::pid).toList(),
                port -> true,
                agents));
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
