package io.culvert.core.route;

import java.util.Map;

/**
 * A service port, or a subset of it, as a destination with its traffic policy. Immutable.
 *
 * @param key {@code serviceKey|port|subset}; unique in a table
 * @param serviceKey {@code namespace/hostname}
 * @param port service port
 * @param subset its name, "" for the whole service
 * @param labels what workloads of the subset bear; empty: all
 * @param protocol as declared for the port
 */
public record Cluster(
        String key,
        String serviceKey,
        int port,
        String subset,
        Map<String, String> labels,
        Protocol protocol,
        ClusterPolicy policy) {
    public Cluster {
        labels = Map.copyOf(labels);
    }

    /** The key of a cluster. */
    public static String key(String serviceKey, int port, String subset) {
        return serviceKey + "|" + port + "|" + subset;
    }

    /** The whole of a service port with the defaults. */
    public static Cluster of(String serviceKey, int port, Protocol protocol) {
        return new Cluster(key(serviceKey, port, ""), serviceKey, port, "", Map.of(), protocol, ClusterPolicy.DEFAULT);
    }
}
