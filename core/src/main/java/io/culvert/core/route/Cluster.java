package io.culvert.core.route;

import io.culvert.core.mesh.Ip;
import java.util.Map;

/**
 * A service port, or a subset of it, as a destination with its traffic policy; or the port of one workload that was
 * addressed by its own address, which is in no table. Immutable.
 *
 * @param key {@code serviceKey|port|subset}; unique in a table
 * @param serviceKey {@code namespace/hostname}; of a workload {@code workload:UID@ADDRESS}
 * @param port service port; of a workload its own
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
    /** No namespace has a colon in its name, so no service has such a key. */
    private static final String WORKLOAD = "workload:";

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

    /** One workload at one of its addresses, with the defaults: policies of traffic are written for services. */
    public static Cluster ofWorkload(String uid, Ip address, int port, Protocol protocol) {
        return of(WORKLOAD + uid + "@" + address, port, protocol);
    }

    /** Whether it is one workload that was addressed itself. */
    public boolean isWorkload() {
        return serviceKey.startsWith(WORKLOAD);
    }

    /** Of a workload: its uid. */
    public String workloadUid() {
        return serviceKey.substring(WORKLOAD.length(), serviceKey.lastIndexOf('@'));
    }

    /** Of a workload: the address that was asked for. */
    public Ip workloadAddress() {
        return Ip.parse(serviceKey.substring(serviceKey.lastIndexOf('@') + 1));
    }
}
