package io.culvert.cni;

import io.culvert.cni.Rule.Action;
import io.culvert.cni.Rule.Match;
import io.culvert.core.linux.MeshSockets;
import java.util.List;
import java.util.SortedSet;
import java.util.stream.Collectors;

/** Writes the model as one nft table for both families. Any thread. */
final class NftWriter {
    /** Family and name of our table; all in it is ours, nothing outside is touched. */
    static final String TABLE = "inet culvert";

    private static final String MASK = hex(MeshSockets.MARK_MASK);

    private NftWriter() {}

    /**
     * One transaction that leaves exactly {@code rules} in our table, whatever was there: the first line makes sure that
     * there is something to delete. The kernel swaps the old and the new table at once.
     */
    static String replace(RuleSet rules) {
        StringBuilder text = new StringBuilder();
        text.append("table ").append(TABLE).append('\n');
        text.append("delete table ").append(TABLE).append('\n');
        text.append("table ").append(TABLE).append(" {\n");
        for (Chain chain : rules.chains()) {
            text.append("  chain ").append(chain.nft).append(" {\n");
            text.append("    ").append(chain.hook).append("; policy accept;\n");
            for (Rule rule : rules.rules(chain)) {
                text.append("    ").append(line(rule)).append('\n');
            }
            text.append("  }\n");
        }
        return text.append("}\n").toString();
    }

    /** One transaction after which our table is gone, also when it was before. */
    static String remove() {
        return "table " + TABLE + "\ndelete table " + TABLE + "\n";
    }

    private static String line(Rule rule) {
        String family = switch (rule.family()) {
            case V4 -> "meta nfproto ipv4 ";
            case V6 -> "meta nfproto ipv6 ";
            case null -> "";
        };
        // Matches on addresses say the family themselves.
        boolean implied = rule.matches().stream()
                .anyMatch(match -> match instanceof Match.Source
                        || match instanceof Match.Destination
                        || match instanceof Match.NotDestination);
        return rule.matches().stream()
                .map(NftWriter::match)
                .collect(Collectors.joining(" ", implied ? "" : family, " " + action(rule.action())));
    }

    private static String match(Match match) {
        return switch (match) {
            case Match.Tcp() -> "meta l4proto tcp";
            case Match.Udp() -> "meta l4proto udp";
            case Match.Syn() -> "tcp flags & (fin|syn|rst|ack) == syn";
            case Match.TcpPorts(SortedSet<Integer> ports) -> "tcp dport " + set(ports);
            case Match.NotTcpPort(int port) -> "tcp dport != " + port;
            case Match.UdpPort(int port) -> "udp dport " + port;
            case Match.UdpSourcePort(int port) -> "udp sport " + port;
            case Match.Source(List<Cidr> any) -> ip(any.getFirst()) + " saddr " + set(any);
            case Match.Destination(List<Cidr> any) -> ip(any.getFirst()) + " daddr " + set(any);
            case Match.NotDestination(Cidr one) -> ip(one) + " daddr != " + one;
            case Match.LocalDestination() -> "fib daddr type local";
            case Match.NotOutInterface(String name) -> "oifname != \"" + name + "\"";
            case Match.Mark(int value) -> "meta mark & " + MASK + " == " + hex(value);
            case Match.NotMark(int value) -> "meta mark & " + MASK + " != " + hex(value);
            case Match.ConnMark(int value) -> "ct mark & " + MASK + " == " + hex(value);
            case Match.InCgroup(PodCgroup cgroup) ->
                "socket cgroupv2 level " + cgroup.level() + " \"" + cgroup.mountPath() + "\"";
        };
    }

    private static String action(Action action) {
        return switch (action) {
            case Action.Accept() -> "accept";
            case Action.Redirect(int port) -> "redirect to :" + port;
            case Action.SetConnMark(int value) ->
                "ct mark set ct mark & " + hex(~MeshSockets.MARK_MASK) + " | " + hex(value);
            case Action.RestoreMark() -> "meta mark set ct mark";
            case Action.Zone(int zone) -> "ct zone set " + zone;
        };
    }

    private static String ip(Cidr cidr) {
        return cidr.isIpv4() ? "ip" : "ip6";
    }

    private static String set(Iterable<?> elements) {
        StringBuilder text = new StringBuilder("{ ");
        String separator = "";
        for (Object element : elements) {
            text.append(separator).append(element);
            separator = ", ";
        }
        return text.append(" }").toString();
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
