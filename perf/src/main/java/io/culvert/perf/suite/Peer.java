package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Another proxy between a client's pod and a server's, driven by a script (the contract: {@code perf/src/main/peers}).
 * The redirect in the client's pod is made here, so that every peer stands behind the same one.
 */
final class Peer implements Closeable {
    private static final int REDIRECT = 10_000;
    // Of nobody on a usual system; what runs in it is not redirected.
    private static final int GROUP = 15_390;

    private final String name;
    private final Path script;
    private final Map<String, String> environment;
    private final List<Long> pids = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private String version = "";

    private Peer(String name, Path script, Map<String, String> environment) {
        this.name = name;
        this.script = script;
        this.environment = environment;
    }

    /**
     * The pods that a peer stands in, and the ports of the server that its client asks for.
     *
     * @param middle a pod of the peer's own between the two, or null
     */
    record Place(LabPod client, @Nullable LabPod middle, LabPod server, List<Integer> ports) {
        Place {
            ports = List.copyOf(ports);
        }
    }

    /**
     * Starts the peer and redirects the client's connections to it.
     *
     * @param directory the peer's own, made here
     * @param cache outlives the run
     */
    static Peer start(String name, Path script, Place place, Path certs, Path directory, Path cache)
            throws IOException {
        Files.createDirectories(directory);
        Files.createDirectories(cache);
        Peer peer = new Peer(name, script, environment(place, certs, directory, cache));
        try {
            peer.call("start").forEach(peer::learn);
            if (peer.ports.isEmpty()) {
                peer.ports.addAll(place.ports());
            }
            if (peer.pids.isEmpty()) {
                throw new LabException("peer " + name + ": " + script
                        + " start printed no \"pid N\": without it no time" + " can be counted");
            }
            redirect(place.client(), place.server(), peer.ports, directory);
            return peer;
        } catch (LabException | IOException e) {
            peer.close();
            throw e;
        }
    }

    private static Map<String, String> environment(Place place, Path certs, Path directory, Path cache) {
        Map<String, String> environment = new TreeMap<>(Map.of(
                "PEER_DIR", directory.toString(),
                "PEER_CERTS", certs.toString(),
                "PEER_CLIENT_NETNS", place.client().networkNamespace().toString(),
                "PEER_SERVER_NETNS", place.server().networkNamespace().toString(),
                "PEER_SERVER_IP", place.server().ip4(),
                "PEER_PORTS", place.ports().stream().map(String::valueOf).collect(Collectors.joining(" ")),
                "PEER_GID", Integer.toString(GROUP),
                "PEER_CACHE", cache.toString()));
        LabPod middle = place.middle();
        if (middle != null) {
            environment.put("PEER_MIDDLE_NETNS", middle.networkNamespace().toString());
            environment.put("PEER_MIDDLE_IP", middle.ip4());
        }
        return environment;
    }

    List<Long> pids() {
        return List.copyOf(pids);
    }

    boolean serves(int port) {
        return ports.contains(port);
    }

    String version() {
        return version;
    }

    @Override
    public void close() {
        try {
            call("stop");
        } catch (IOException | LabException e) {
            System.err.println("culvert bench: peer " + name + " did not stop: " + e.getMessage());
        }
    }

    private void learn(String line) {
        String[] words = line.split(" ", 2);
        String rest = words.length > 1 ? words[1] : "";
        switch (words[0]) {
            case "pid" -> pids.add(Long.parseLong(rest));
            case "port" -> ports.add(Integer.parseInt(rest));
            case "version" -> version = rest;
            default ->
                throw new LabException("peer " + name + ": " + script + " start printed \"" + line
                        + "\", which is none of \"pid N\", \"port P\", \"version TEXT\"");
        }
    }

    private List<String> call(String verb) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(script.toString(), verb);
        builder.environment().putAll(environment);
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        List<String> lines;
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            lines = reader.lines().toList();
        }
        try {
            int status = process.waitFor();
            if (status != 0) {
                throw new LabException("peer " + name + ": " + script + " " + verb + " ended with status " + status
                        + "; leave the peer out with --peers, or mend the script");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while peer " + name + " was told to " + verb, e);
        }
        return lines;
    }

    private static void redirect(LabPod client, LabPod server, List<Integer> ports, Path directory) throws IOException {
        String rules = IntStream.range(0, ports.size())
                .map(ports::get)
                .mapToObj(port -> String.format(
                        Locale.ROOT, "ip daddr %s tcp dport %d redirect to :%d", server.ip4(), port, port + REDIRECT))
                .collect(Collectors.joining("\n    "));
        Path file = directory.resolve("redirect.nft");
        Files.writeString(
                file,
                "table ip bench {\n  chain output {\n    type nat hook output priority -100;\n    meta skgid " + GROUP
                        + " return\n    "
                        + rules
                        + "\n  }\n}\n");
        Commands.run("nsenter", "--net=" + client.networkNamespace(), "--", "nft", "-f", file.toString());
    }
}
