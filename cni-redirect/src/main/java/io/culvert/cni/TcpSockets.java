package io.culvert.cni;

import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The TCP connections of a namespace, read and ended by ss(8). Any thread; blocks for one run of the tool.
 *
 * <p>Ending sockets of others needs INET_DIAG_DESTROY in the kernel (Debian and all large distributions have it): the
 * program sees ECONNABORTED and its peer a reset. Without it nothing is ended, which {@link #end} tells.
 */
final class TcpSockets {
    /** One socket of a connection; an IPv4-mapped address is given as IPv4. */
    record Connection(InetSocketAddress local, InetSocketAddress peer, int mark) {}

    private record Ends(InetSocketAddress local, InetSocketAddress peer) {}

    /** Sockets through which bytes can still go, either way. */
    private static final Set<String> LIVE = Set.of("ESTAB", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2");

    private static final Set<Integer> CAPTURE_PORTS = Set.of(MeshSockets.OUTBOUND_PORT, MeshSockets.INBOUND_PLAIN_PORT);
    /** Connections per run of the tool: its filter is compiled for each socket of the namespace. */
    private static final int CHUNK = 32;

    private final ToolRunner tools;

    TcpSockets(ToolRunner tools) {
        this.tools = tools;
    }

    /** Every live connection's sockets; one within the namespace appears with both its ends. */
    List<Connection> list(NetworkNamespace namespace) throws CaptureException {
        ToolRunner.Result result = tools.inNamespace(namespace.stablePath().toString(), List.of("ss", "-tnHe"), "");
        if (!result.ok()) {
            throw new CaptureException("cannot list the connections in " + namespace.path() + ": " + result.err());
        }
        return parse(result.out());
    }

    /** Ends the given connections. Returns how many the kernel ended; fewer when some had ended, or it cannot. */
    int end(NetworkNamespace namespace, List<Connection> connections) throws CaptureException {
        int ended = 0;
        for (int from = 0; from < connections.size(); from += CHUNK) {
            List<String> command = new ArrayList<>(List.of("ss", "-K", "-tnH"));
            String or = "";
            for (Connection one : connections.subList(from, Math.min(from + CHUNK, connections.size()))) {
                if (!or.isEmpty()) {
                    command.add(or);
                }
                or = "or";
                command.addAll(List.of("(", "src", text(one.local), "and", "dst", text(one.peer), ")"));
            }
            ToolRunner.Result result = tools.inNamespace(namespace.stablePath().toString(), command, "");
            if (!result.ok()) {
                throw new CaptureException("cannot reset connections in " + namespace.path() + ": " + result.err());
            }
            ended += (int) result.out().lines().filter(line -> !line.isBlank()).count();
        }
        return ended;
    }

    static List<Connection> parse(String listed) {
        List<Connection> connections = new ArrayList<>();
        for (String line : listed.lines().toList()) {
            List<String> columns = List.of(line.strip().split("\\s+", -1));
            if (columns.size() >= 5 && LIVE.contains(columns.get(0))) {
                int mark = 0;
                for (String column : columns.subList(5, columns.size())) {
                    if (column.startsWith("fwmark:")) {
                        mark = Integer.decode(column.substring("fwmark:".length()));
                    }
                }
                connections.add(new Connection(address(columns.get(3)), address(columns.get(4)), mark));
            }
        }
        return connections;
    }

    /**
     * Of {@code all} sockets of a captured namespace those of connections that neither the proxy carries nor {@code spec}
     * lets pass: they are from before the capture. The proxy's sockets bear its mark; a captured one's other end is in
     * this namespace too, at the proxy. Connections of the pod with itself are never captured.
     */
    static List<Connection> unproxied(List<Connection> all, CaptureSpec spec) {
        Set<Ends> ends = new HashSet<>();
        Set<InetSocketAddress> captured = new HashSet<>();
        for (Connection one : all) {
            ends.add(new Ends(one.peer, one.local));
            if (CAPTURE_PORTS.contains(one.local.getPort())) {
                captured.add(one.peer);
            }
        }
        return all.stream()
                .filter(one -> (one.mark & MeshSockets.MARK_MASK) != MeshSockets.PROXY_MARK
                        && !CAPTURE_PORTS.contains(one.local.getPort())
                        && one.local.getPort() != MeshSockets.HBONE_PORT
                        && !captured.contains(one.local)
                        && !ends.contains(new Ends(one.local, one.peer))
                        && !one.peer.getAddress().isLoopbackAddress()
                        && !excluded(one, spec))
                .toList();
    }

    private static boolean excluded(Connection one, CaptureSpec spec) {
        InetAddress peer = one.peer.getAddress();
        return spec.excludes().inboundPorts().contains(one.local.getPort())
                || spec.excludes().outboundPorts().contains(one.peer.getPort())
                || spec.excludes().outboundCidrs().stream().anyMatch(block -> block.contains(peer))
                || (spec.tcpProbePorts().contains(one.local.getPort())
                        && spec.nodeAddresses().stream().anyMatch(node -> node.contains(peer)));
    }

    /** "10.0.0.1:80", "[fd77::2]:80", "[::ffff:10.0.0.1]:80" or "[fe80::1]%eth0:80". */
    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        String host = text.substring(0, colon);
        int scope = host.indexOf('%');
        if (scope >= 0) {
            host = host.substring(0, scope);
        }
        if (host.startsWith("[")) {
            host = host.substring(1, host.length() - 1);
        }
        return new InetSocketAddress(InetAddress.ofLiteral(host), Integer.parseInt(text.substring(colon + 1)));
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
