package io.culvert.cni;

import io.culvert.cni.Rule.Action;
import io.culvert.cni.Rule.Match;
import io.culvert.core.linux.MeshSockets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Writes the model as input of iptables-restore --noflush, one family at a time; the same for both kernel backends. Our
 * rules stand in our own chains, reached by one jump each, put first: an accept before it would be a bypass. Any thread.
 */
final class IptablesWriter {
    /** Begins the name of every chain of ours, and of none else. */
    static final String PREFIX = "CULVERT_";

    /** xt_multiport takes no more. */
    private static final int MAX_PORTS = 15;

    private static final String MASK = hex(MeshSockets.MARK_MASK);

    private IptablesWriter() {}

    /**
     * Input that leaves exactly {@code rules} in our chains. A table's part is one atomic step; NAT comes last, when all
     * that it needs is there.
     */
    static String replace(RuleSet rules, Family family, LiveTables live) {
        StringBuilder text = new StringBuilder();
        for (String table : List.of("raw", "mangle", "nat")) {
            List<Chain> chains = rules.chains().stream()
                    .filter(chain -> chain.table.equals(table))
                    .toList();
            if (chains.isEmpty() && live.ownChains(table).isEmpty()) {
                continue;
            }
            text.append('*').append(table).append('\n');
            for (Chain chain : chains) {
                // Creates the chain, or empties it.
                text.append(':').append(chain.iptables()).append(" - [0:0]\n");
            }
            jumps(chains, table, live, text);
            for (Chain chain : chains) {
                for (Rule rule : rules.rules(chain)) {
                    if (rule.concerns(family)) {
                        for (Rule one : split(rule)) {
                            text.append("-A ")
                                    .append(chain.iptables())
                                    .append(line(one))
                                    .append('\n');
                        }
                    }
                }
            }
            text.append("COMMIT\n");
        }
        return text.toString();
    }

    /** Input after which nothing of ours is left of what {@code live} holds; "" when there is nothing. */
    static String remove(LiveTables live) {
        StringBuilder text = new StringBuilder();
        // NAT first: nothing may be redirected when what it needs has gone.
        for (String table : List.of("nat", "mangle", "raw")) {
            if (!live.ownChains(table).isEmpty()) {
                text.append('*').append(table).append('\n');
                jumps(List.of(), table, live, text);
                text.append("COMMIT\n");
            }
        }
        return text.toString();
    }

    /** One jump to each of {@code chains}, none to any other chain of ours, and no other chain of ours. */
    private static void jumps(List<Chain> chains, String table, LiveTables live, StringBuilder text) {
        List<String> wanted = new ArrayList<>();
        for (Chain chain : chains) {
            String jump = chain.builtin + " -j " + chain.iptables();
            wanted.add(jump);
            if (!live.references(table).containsKey(jump)) {
                text.append("-I ")
                        .append(chain.builtin)
                        .append(" 1 -j ")
                        .append(chain.iptables())
                        .append('\n');
            }
        }
        for (Map.Entry<String, Integer> reference : live.references(table).entrySet()) {
            int surplus = reference.getValue() - (wanted.contains(reference.getKey()) ? 1 : 0);
            for (int i = 0; i < surplus; i++) {
                text.append("-D ").append(reference.getKey()).append('\n');
            }
        }
        List<String> extra = live.ownChains(table).stream()
                .filter(name ->
                        chains.stream().noneMatch(chain -> chain.iptables().equals(name)))
                .toList();
        extra.forEach(name -> text.append("-F ").append(name).append('\n'));
        extra.forEach(name -> text.append("-X ").append(name).append('\n'));
    }

    /** The rule as several: one rule holds 15 ports and one block, where nft has sets. */
    private static List<Rule> split(Rule rule) {
        List<Rule> parts = new ArrayList<>(List.of(rule));
        for (Match match : rule.matches()) {
            List<Match> instead = new ArrayList<>();
            switch (match) {
                case Match.TcpPorts(SortedSet<Integer> ports) -> {
                    for (Iterator<Integer> rest = ports.iterator(); rest.hasNext(); ) {
                        SortedSet<Integer> some = new TreeSet<>();
                        while (rest.hasNext() && some.size() < MAX_PORTS) {
                            some.add(rest.next());
                        }
                        instead.add(new Match.TcpPorts(some));
                    }
                }
                case Match.Source(List<Cidr> any) -> any.forEach(one -> instead.add(new Match.Source(List.of(one))));
                case Match.Destination(List<Cidr> any) ->
                    any.forEach(one -> instead.add(new Match.Destination(List.of(one))));
                default -> {
                    continue;
                }
            }
            parts = parts.stream()
                    .flatMap(part -> instead.stream().map(one -> with(part, match, one)))
                    .toList();
        }
        return parts;
    }

    private static Rule with(Rule rule, Match old, Match replacement) {
        List<Match> matches = new ArrayList<>(rule.matches());
        matches.replaceAll(each -> each.equals(old) ? replacement : each);
        return new Rule(rule.chain(), rule.family(), matches, rule.action());
    }

    private static String line(Rule rule) {
        String protocol = rule.matches().stream()
                .map(IptablesWriter::protocol)
                .filter(name -> !name.isEmpty())
                .findFirst()
                .map(name -> " -p " + name)
                .orElse("");
        return rule.matches().stream()
                .map(IptablesWriter::match)
                .collect(Collectors.joining("", protocol, action(rule.action())));
    }

    private static String protocol(Match match) {
        return switch (match) {
            case Match.Tcp(), Match.Syn(), Match.TcpPorts _, Match.NotTcpPort _ -> "tcp";
            case Match.Udp(), Match.UdpPort _, Match.UdpSourcePort _ -> "udp";
            case Match.Source _,
                    Match.Destination _,
                    Match.NotDestination _,
                    Match.LocalDestination _,
                    Match.NotOutInterface _,
                    Match.Mark _,
                    Match.NotMark _,
                    Match.ConnMark _,
                    Match.InCgroup _ -> "";
        };
    }

    private static String match(Match match) {
        return switch (match) {
            case Match.Tcp(), Match.Udp() -> "";
            case Match.Syn() -> " -m tcp --tcp-flags FIN,SYN,RST,ACK SYN";
            case Match.TcpPorts(SortedSet<Integer> ports) when ports.size() == 1 -> " -m tcp --dport " + ports.first();
            case Match.TcpPorts(SortedSet<Integer> ports) ->
                " -m multiport --dports " + ports.stream().map(String::valueOf).collect(Collectors.joining(","));
            case Match.NotTcpPort(int port) -> " -m tcp ! --dport " + port;
            case Match.UdpPort(int port) -> " -m udp --dport " + port;
            case Match.UdpSourcePort(int port) -> " -m udp --sport " + port;
            case Match.Source(List<Cidr> any) -> " -s " + any.getFirst();
            case Match.Destination(List<Cidr> any) -> " -d " + any.getFirst();
            case Match.NotDestination(Cidr one) -> " ! -d " + one;
            case Match.LocalDestination() -> " -m addrtype --dst-type LOCAL";
            case Match.NotOutInterface(String name) -> " ! -o " + name;
            case Match.Mark(int value) -> " -m mark --mark " + hex(value) + "/" + MASK;
            case Match.NotMark(int value) -> " -m mark ! --mark " + hex(value) + "/" + MASK;
            case Match.ConnMark(int value) -> " -m connmark --mark " + hex(value) + "/" + MASK;
            case Match.InCgroup(PodCgroup cgroup) -> " -m cgroup --path " + cgroup.path();
        };
    }

    private static String action(Action action) {
        return switch (action) {
            case Action.Accept() -> " -j ACCEPT";
            case Action.Redirect(int port) -> " -j REDIRECT --to-ports " + port;
            case Action.SetConnMark(int value) -> " -j CONNMARK --set-xmark " + hex(value) + "/" + MASK;
            case Action.RestoreMark() -> " -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff";
            case Action.Zone(int zone) -> " -j CT --zone " + zone;
        };
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
