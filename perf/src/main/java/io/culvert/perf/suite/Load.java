package io.culvert.perf.suite;

import java.util.Locale;

/**
 * A load and how it is ordered from the load program. Immutable.
 *
 * @param name in reports
 * @param kind what is counted
 * @param port of the server
 * @param words of the order, without target and times
 */
record Load(String name, Kind kind, int port, String words) {
    enum Kind {
        OPEN,
        CLOSED,
        CONNECTIONS,
        BULK
    }

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

    /** ztunnel's latency bench: 1 KiB there and back on one connection. */
    static Load pingPong() {
        return new Load("latency", Kind.CLOSED, Ports.ECHO, "requests echo=1024 connections=1");
    }

    /** ztunnel's throughput bench: 1 GiB over open connections. */
    static Load throughput(int streams) {
        return new Load(
                "throughput-c" + streams, Kind.BULK, Ports.SINK, "bulk bytes=1073741824 connections=" + streams);
    }

    /** The order of a round from {@code variant}'s client to its server. */
    String order(Variant variant, double warmUp, double seconds) {
        return String.format(
                Locale.ROOT,
                "%s netns=%s host=%s port=%d warmup=%.2f seconds=%.2f",
                words,
                variant.client().networkNamespace(),
                variant.server().ip4(),
                port,
                warmUp,
                seconds);
    }
}
