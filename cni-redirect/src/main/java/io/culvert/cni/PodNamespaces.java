package io.culvert.cni;

import io.culvert.core.linux.NamespaceReader;
import io.culvert.core.linux.NetlinkEvents;
import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the controller reads of, and does in, pod namespaces besides rules. Any platform thread; calls may block. */
interface PodNamespaces {
    /** Whether an interface there carries one of {@code addresses}; true when there is none to look for. */
    boolean carries(NetworkNamespace namespace, List<InetAddress> addresses) throws CaptureException;

    /** Follows the namespace from now on; {@link NamespaceChanges#UNKNOWN} where that is not possible. */
    NamespaceChanges watch(NetworkNamespace namespace);

    List<TcpSockets.Connection> connections(NetworkNamespace namespace) throws CaptureException;

    /** See {@link TcpSockets#end}. */
    int end(NetworkNamespace namespace, List<TcpSockets.Connection> connections) throws CaptureException;

    /** By netlink and, for connections, ss(8). */
    static PodNamespaces ofKernel(ToolRunner tools) {
        return new OfKernel(new TcpSockets(tools));
    }

    /** The namespaces of this host. */
    final class OfKernel implements PodNamespaces {
        private static final Logger LOG = LoggerFactory.getLogger(PodNamespaces.class);

        private final TcpSockets sockets;
        private final AtomicBoolean complained = new AtomicBoolean();

        private OfKernel(TcpSockets sockets) {
            this.sockets = sockets;
        }

        @Override
        public boolean carries(NetworkNamespace namespace, List<InetAddress> addresses) throws CaptureException {
            if (addresses.isEmpty()) {
                return true;
            }
            try (NamespaceReader reader = NamespaceReader.open(namespace)) {
                return !Collections.disjoint(reader.addresses(), addresses);
            } catch (IOException | IllegalStateException e) {
                throw new CaptureException(
                        "cannot read the addresses in " + namespace.path() + ": " + e.getMessage(), e);
            }
        }

        @Override
        public NamespaceChanges watch(NetworkNamespace namespace) {
            NetlinkEvents events;
            try {
                events = NetlinkEvents.open(namespace);
            } catch (IOException | IllegalStateException e) {
                if (complained.compareAndSet(false, true)) {
                    LOG.warn(
                            "changes to rules are not told ({}): the rules of all pods are listed at every look, which"
                                    + " costs CPU",
                            e.getMessage());
                }
                return NamespaceChanges.UNKNOWN;
            }
            return new NamespaceChanges() {
                @Override
                public boolean drain() {
                    return events.drain();
                }

                @Override
                public void close() {
                    events.close();
                }
            };
        }

        @Override
        public List<TcpSockets.Connection> connections(NetworkNamespace namespace) throws CaptureException {
            return sockets.list(namespace);
        }

        @Override
        public int end(NetworkNamespace namespace, List<TcpSockets.Connection> connections) throws CaptureException {
            return sockets.end(namespace, connections);
        }
    }
}
