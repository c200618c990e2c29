package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A load and how it is ordered from the load program. Immutable.
 *
 * @param name in reports
 * @param kind what is counted
 * @param port of the server
 * @param words of the order, without target and times; of STREAMS the options of its program
 */
record Load(String name, Kind kind, int port, String words) {
    enum Kind {
        OPEN,
        CLOSED,
        CONNECTIONS,
        BULK,
        /** HTTP/2 by {@link StreamLoad}, which its words are for. */
        STREAMS
    }

    // Long enough for its bytes on any machine that is worth measuring.
    private static final double SIZED_SECONDS = 60;

    /** Open loop of HTTP/1.1 keep-alive requests answered by 1 KiB. */
    static Load open(int rate, int connections) {
        return new Load(
                String.format(Locale.ROOT, "open-%d-c%d", rate, connections),
                Kind.OPEN,
                Ports.HTTP,
                "requests rate=" + rate + " connections=" + connections);
    }

    /** Closed loop of the same. */
    static Load closed(int connections) {
        return new Load("closed-c" + connections, Kind.CLOSED, Ports.HTTP, "requests connections=" + connections);
    }

    /** A connection for each request, so many at once. */
    static Load connections(int atOnce) {
        return new Load(
                "connections-c" + atOnce,
                Kind.CONNECTIONS,
                Ports.HTTP,
                "requests reconnect=true connections=" + atOnce);
    }

    /** Closed loop of HTTP/2 requests: so many at once on each connection. */
    static Load streams(int streams, int connections) {
        return new Load(
                String.format(Locale.ROOT, "h2-s%d-c%d", streams, connections),
                Kind.STREAMS,
                Ports.HTTP2,
                "-m " + streams + " -c " + connections);
    }

    /** Unpaced streams from client to server. */
    static Load bulk(int streams) {
        return new Load("bulk-c" + streams, Kind.BULK, Ports.SINK, "bulk connections=" + streams);
    }

    /** A stream from client to server at a constant rate. */
    static Load paced(long bitsPerSecond) {
        return new Load(
                "paced-" + bitsPerSecond / 1_000_000 + "-mbit",
                Kind.BULK,
                Ports.SINK,
                "bulk connections=1 bits=" + bitsPerSecond);
    }

    /** Connections that send and never read. */
    static Load stalled(int connections) {
        return new Load("stalled-c" + connections, Kind.BULK, Ports.ECHO, "stall connections=" + connections);
    }

    /** Open loop of 1 KiB there and back. */
    static Load echo(int rate, int connections) {
        return new Load(
                String.format(Locale.ROOT, "echo-%d-c%d", rate, connections),
                Kind.OPEN,
                Ports.ECHO,
                "requests echo=1024 rate=" + rate + " connections=" + connections);
    }

    /** ztunnel's latency bench: 1 KiB there and back on one connection. */
    static Load pingPong() {
        return new Load("latency", Kind.CLOSED, Ports.ECHO, "requests echo=1024 connections=1");
    }

    /** ztunnel's throughput bench: 1 GiB over open connections. */
    static Load throughput(int streams) {
        return new Load(
                "throughput-c" + streams, Kind.BULK, Ports.SINK, "bulk bytes=1073741824 connections=" + streams);
    }

    /** ztunnel's bench of new connections: one after another. */
    static Load oneAfterAnother() {
        return new Load("connections", Kind.CONNECTIONS, Ports.HTTP, "requests reconnect=true connections=1");
    }

    /** ztunnel's benches, by its names and sizes. */
    static List<Load> ztunnel() {
        return List.of(throughput(1), throughput(2), throughput(8), pingPong(), oneAfterAnother());
    }

    /** Istio's: 1 KiB at 1,000 requests/s over 2 to 64 connections. */
    static List<Load> istio() {
        return List.of(open(1000, 2), open(1000, 4), open(1000, 8), open(1000, 16), open(1000, 32), open(1000, 64));
    }

    /** Our own. */
    static List<Load> own() {
        return List.of(closed(64), open(1000, 16), connections(32), bulk(1), bulk(4));
    }

    /** Requests that a proxy of HTTP can tell apart. */
    static List<Load> waypoint() {
        return List.of(closed(64), open(1000, 16), streams(100, 4));
    }

    /**
     * Those of these names that make sense in {@code topology}; without names all that belong to it.
     *
     * @throws LabException when there is no such load in any topology
     */
    static List<Load> of(String topology, List<String> names) {
        boolean waypoint = topology.equals(WaypointPlace.TOPOLOGY);
        if (names.isEmpty()) {
            return waypoint ? waypoint() : own();
        }
        return named(names).stream()
                .filter(load ->
                        waypoint ? load.port() != Ports.ECHO && load.port() != Ports.SINK : load.port() != Ports.HTTP2)
                .toList();
    }

    /**
     * Those of these names, {@code istio} and {@code ztunnel} standing for all of theirs; our own without names.
     *
     * @throws LabException when there is no such load
     */
    static List<Load> named(List<String> names) {
        if (names.isEmpty()) {
            return own();
        }
        List<Load> all = Stream.of(own(), waypoint(), ztunnel(), istio())
                .flatMap(List::stream)
                .toList();
        Set<Load> chosen = new LinkedHashSet<>();
        for (String name : names) {
            switch (name) {
                case "istio" -> chosen.addAll(istio());
                case "ztunnel" -> chosen.addAll(ztunnel());
                default ->
                    chosen.add(all.stream()
                            .filter(load -> load.name().equals(name))
                            .findFirst()
                            .orElseThrow(() -> new LabException("no load " + name + "; there are istio, ztunnel, "
                                    + all.stream().map(Load::name).distinct().collect(Collectors.joining(", ")))));
            }
        }
        return List.copyOf(chosen);
    }

    /** Whether a round ends with its bytes and not with its time. */
    private boolean sized() {
        return words.contains(" bytes=");
    }

    /** The order of a round from {@code variant}'s client to its server. */
    String order(Variant variant, double warmUp, double seconds) {
        return String.format(
                Locale.ROOT,
                "%s netns=%s host=%s port=%d warmup=%.2f seconds=%.2f",
                words,
                variant.client().networkNamespace(),
                variant.host(),
                port,
                sized() ? 0 : warmUp,
                sized() ? Math.max(seconds, SIZED_SECONDS) : seconds);
    }
}
