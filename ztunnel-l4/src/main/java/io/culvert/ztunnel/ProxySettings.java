package io.culvert.ztunnel;

import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.relay.RelaySettings;
import java.time.Duration;

/**
 * What the node proxy is told. Immutable.
 *
 * @param node name of this node, as workloads name theirs
 * @param network network of this node's pods; "" unless the mesh spans several
 * @param forceTunnel no same-node short cut
 * @param egress what happens to destinations that the mesh does not know
 * @param reusePort SO_REUSEPORT on listeners, for two agents at once during a roll
 * @param backlog of each listener
 * @param workloadWait how long a connection waits for its pod to appear in the mesh state; ztunnel's value
 * @param probeWait how long a suspected kubelet probe may take to say what it wants
 * @param hboneGrace how long an un-enrolled pod's 15008 still accepts, for peers that have not heard of it
 * @param budgets byte budgets
 */
public record ProxySettings(
        String node,
        String network,
        boolean forceTunnel,
        Egress egress,
        boolean reusePort,
        int backlog,
        Duration workloadWait,
        Duration probeWait,
        Duration hboneGrace,
        Budgets budgets,
        RelaySettings relay,
        HboneSettings hbone) {
    /** What happens to destinations outside the mesh. */
    public enum Egress {
        /** A plain connection. */
        ALLOW,
        /** Refused (Istio's REGISTRY_ONLY). */
        REFUSE
    }

    /**
     * Byte budgets. An HBONE stream is charged for its window when it is granted: 64 KiB for an idle one, so 10,000
     * idle connections draw 640 MiB of promises while they hold next to no memory.
     *
     * @param connection queues and window of one connection
     * @param pod of all connections of one pod
     * @param agent of all pods
     */
    public record Budgets(long connection, long pod, long agent) {
        public static final Budgets DEFAULT = new Budgets(6L << 20, 1L << 30, 2L << 30);

        public Budgets {
            if (connection < 128 << 10 || pod < connection || agent < pod) {
                throw new IllegalArgumentException("budgets: want connection (128 KiB or more) <= pod <= agent, have "
                        + connection + ", " + pod + ", " + agent);
            }
        }
    }

    /** The defaults for a node. */
    public static ProxySettings of(String node, String network) {
        return new ProxySettings(
                node,
                network,
                false,
                Egress.ALLOW,
                false,
                1024,
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                Duration.ofSeconds(10),
                Budgets.DEFAULT,
                RelaySettings.DEFAULT,
                HboneSettings.DEFAULT);
    }

    public ProxySettings withForceTunnel(boolean force) {
        return new ProxySettings(
                node,
                network,
                force,
                egress,
                reusePort,
                backlog,
                workloadWait,
                probeWait,
                hboneGrace,
                budgets,
                relay,
                hbone);
    }

    public ProxySettings withEgress(Egress other) {
        return new ProxySettings(
                node,
                network,
                forceTunnel,
                other,
                reusePort,
                backlog,
                workloadWait,
                probeWait,
                hboneGrace,
                budgets,
                relay,
                hbone);
    }

    public ProxySettings withRelay(RelaySettings other) {
        return new ProxySettings(
                node,
                network,
                forceTunnel,
                egress,
                reusePort,
                backlog,
                workloadWait,
                probeWait,
                hboneGrace,
                budgets,
                other,
                hbone);
    }

    public ProxySettings withBudgets(Budgets other) {
        return new ProxySettings(
                node,
                network,
                forceTunnel,
                egress,
                reusePort,
                backlog,
                workloadWait,
                probeWait,
                hboneGrace,
                other,
                relay,
                hbone);
    }
}
