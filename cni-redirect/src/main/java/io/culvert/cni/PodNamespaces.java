package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.net.InetAddress;
import java.util.List;

/** What the controller reads of, and does in, pod namespaces besides rules. Any thread; calls run tools and block. */
interface PodNamespaces {
    /** Whether an interface there carries one of {@code addresses}; true when there is none to look for. */
    boolean carries(NetworkNamespace namespace, List<InetAddress> addresses) throws CaptureException;

    List<TcpSockets.Connection> connections(NetworkNamespace namespace) throws CaptureException;

    /** See {@link TcpSockets#end}. */
    int end(NetworkNamespace namespace, List<TcpSockets.Connection> connections) throws CaptureException;

    /** By ip(8) and ss(8). */
    static PodNamespaces byTools(ToolRunner tools) {
        TcpSockets sockets = new TcpSockets(tools);
        return new PodNamespaces() {
            @Override
            public boolean carries(NetworkNamespace namespace, List<InetAddress> addresses) throws CaptureException {
                if (addresses.isEmpty()) {
                    return true;
                }
                ToolRunner.Result result = tools.inNamespace(
                        namespace.stablePath().toString(), List.of("ip", "-o", "address", "show"), "");
                // "2: eth0    inet 10.77.0.2/24 scope global eth0 ..."
                return result.out().lines().anyMatch(line -> {
                    String[] columns = line.strip().split("\\s+", -1);
                    return columns.length > 3
                            && columns[2].startsWith("inet")
                            && addresses.contains(Cidr.address(columns[3]));
                });
            }

            @Override
            public List<TcpSockets.Connection> connections(NetworkNamespace namespace) throws CaptureException {
                return sockets.list(namespace);
            }

            @Override
            public int end(NetworkNamespace namespace, List<TcpSockets.Connection> connections)
                    throws CaptureException {
                return sockets.end(namespace, connections);
            }
        };
    }
}
