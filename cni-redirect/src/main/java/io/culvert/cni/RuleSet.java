package io.culvert.cni;

import io.culvert.cni.Rule.Action;
import io.culvert.cni.Rule.Match;
import io.culvert.core.linux.MeshSockets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The redirect rules of one pod's namespace, in the model from which every backend writes its own text. Immutable; two
 * sets are equal when they do the same.
 *
 * <p>Marks, ports and the way of preserving source addresses are those of Istio's ambient mode (cni/pkg/iptables), so
 * that its proxy could stand behind them. What differs, and why: only first packets are redirected, so that connections
 * from before survive; only packets to the pod's own addresses are inbound; nothing is accepted for a probe's source
 * address but declared TCP probe ports; a destination is taken for the pod's own by its address and not by the
 * interface "lo", to which a forged mark 0x111 would be routed.
 */
public final class RuleSet {
    private static final Action ACCEPT = new Action.Accept();
    private static final Match TCP = new Match.Tcp();
    private static final Match SYN = new Match.Syn();
    private static final Match NOT_PROXY = new Match.NotMark(MeshSockets.PROXY_MARK);
    private static final int DNS = 53;
    /** Conntrack zone of the proxy's own DNS queries, whose 5-tuple may equal the captured one's. */
    private static final int DNS_ZONE = 1;

    private final List<Rule> rules;
    private final boolean dns;

    private RuleSet(List<Rule> rules, boolean dns) {
        this.rules = List.copyOf(rules);
        this.dns = dns;
    }

    /**
     * The rules for {@code spec}.
     *
     * @throws IllegalArgumentException when it asks for DNS capture, for which there is no proxy yet
     */
    public static RuleSet of(CaptureSpec spec) {
        if (spec.dnsCapture()) {
            throw new IllegalArgumentException("DNS capture is not available: nothing listens on "
                    + MeshSockets.DNS_PORT + " yet, and captured queries would go unanswered; leave it off");
        }
        return model(spec);
    }

    /** The rules for {@code spec}, DNS included; for the golden files. */
    static RuleSet model(CaptureSpec spec) {
        List<Rule> rules = new ArrayList<>();
        boolean dns = spec.dnsCapture();
        if (dns) {
            rules.add(new Rule(
                    Chain.RAW_PREROUTING,
                    null,
                    List.of(NOT_PROXY, new Match.UdpSourcePort(DNS)),
                    new Action.Zone(DNS_ZONE)));
            rules.add(new Rule(
                    Chain.RAW_OUTPUT,
                    null,
                    List.of(new Match.Mark(MeshSockets.PROXY_MARK), new Match.UdpPort(DNS)),
                    new Action.Zone(DNS_ZONE)));
        }
        // The proxy's connection to the app bears the client's address: its replies must come back to the proxy.
        rules.add(new Rule(
                Chain.MANGLE_PREROUTING,
                null,
                List.of(new Match.Mark(MeshSockets.PROXY_MARK)),
                new Action.SetConnMark(MeshSockets.APP_CONNMARK)));
        rules.add(new Rule(
                Chain.MANGLE_OUTPUT,
                null,
                List.of(new Match.ConnMark(MeshSockets.APP_CONNMARK)),
                new Action.RestoreMark()));
        inbound(spec, rules);
        outbound(spec, rules);
        return new RuleSet(rules, dns);
    }

    /**
     * The same without what redirects: connections that the proxy has live on (NAT and the restored marks stay), new
     * ones pass it by. For a pod that leaves the mesh.
     */
    public RuleSet draining() {
        return new RuleSet(
                rules.stream().filter(rule -> !rule.chain().redirects()).toList(), dns);
    }

    List<Rule> rules(Chain chain) {
        return rules.stream().filter(rule -> rule.chain() == chain).toList();
    }

    /** The chains that the set needs, those without rules included. */
    List<Chain> chains() {
        return List.of(Chain.values()).stream()
                .filter(chain -> dns || !chain.table.equals("raw"))
                .toList();
    }

    /** As nft reads it; for comparison and logs. */
    String toText() {
        return NftWriter.replace(this);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RuleSet that && rules.equals(that.rules) && dns == that.dns;
    }

    @Override
    public int hashCode() {
        return rules.hashCode();
    }

    private static void inbound(CaptureSpec spec, List<Rule> rules) {
        for (Family family : Family.values()) {
            List<Cidr> nodes = widest(spec.nodeAddresses(), family);
            if (!nodes.isEmpty() && !spec.tcpProbePorts().isEmpty()) {
                rules.add(new Rule(
                        Chain.NAT_PREROUTING,
                        family,
                        List.of(new Match.Source(nodes), new Match.TcpPorts(spec.tcpProbePorts())),
                        ACCEPT));
            }
        }
        if (!spec.excludes().inboundPorts().isEmpty()) {
            rules.add(new Rule(
                    Chain.NAT_PREROUTING,
                    null,
                    List.of(new Match.TcpPorts(spec.excludes().inboundPorts())),
                    ACCEPT));
        }
        for (Family family : Family.values()) {
            rules.add(new Rule(
                    Chain.NAT_PREROUTING,
                    family,
                    List.of(
                            new Match.LocalDestination(),
                            new Match.NotDestination(family.loopback()),
                            SYN,
                            new Match.NotTcpPort(MeshSockets.HBONE_PORT),
                            NOT_PROXY),
                    new Action.Redirect(MeshSockets.INBOUND_PLAIN_PORT)));
        }
    }

    private static void outbound(CaptureSpec spec, List<Rule> rules) {
        SortedSet<Integer> ports = spec.excludes().outboundPorts();
        if (!ports.isEmpty()) {
            rules.add(new Rule(Chain.NAT_OUTPUT, null, List.of(new Match.TcpPorts(ports)), ACCEPT));
        }
        for (Family family : Family.values()) {
            List<Cidr> blocks = widest(spec.excludes().outboundCidrs(), family);
            if (!blocks.isEmpty()) {
                rules.add(new Rule(Chain.NAT_OUTPUT, family, List.of(new Match.Destination(blocks), TCP), ACCEPT));
            }
        }
        if (spec.dnsCapture()) {
            dns(rules);
        }
        rules.add(new Rule(Chain.NAT_OUTPUT, null, List.of(new Match.LocalDestination()), ACCEPT));
        Action capture = new Action.Redirect(MeshSockets.OUTBOUND_PORT);
        PodCgroup cgroup = spec.cgroup();
        if (cgroup != null) {
            // Before any mark is looked at: the pod's own sockets can forge them.
            rules.add(new Rule(Chain.NAT_OUTPUT, null, List.of(SYN, new Match.InCgroup(cgroup)), capture));
        }
        rules.add(new Rule(Chain.NAT_OUTPUT, null, List.of(TCP, new Match.Mark(MeshSockets.APP_CONNMARK)), ACCEPT));
        rules.add(new Rule(Chain.NAT_OUTPUT, null, List.of(SYN, NOT_PROXY), capture));
    }

    private static void dns(List<Rule> rules) {
        Action capture = new Action.Redirect(MeshSockets.DNS_PORT);
        rules.add(new Rule(
                Chain.NAT_OUTPUT,
                null,
                List.of(new Match.NotOutInterface("lo"), NOT_PROXY, new Match.UdpPort(DNS)),
                capture));
        SortedSet<Integer> port = new TreeSet<>(List.of(DNS));
        for (Family family : Family.values()) {
            rules.add(new Rule(
                    Chain.NAT_OUTPUT,
                    family,
                    List.of(new Match.NotDestination(family.loopback()), SYN, new Match.TcpPorts(port), NOT_PROXY),
                    capture));
        }
    }

    /** The blocks of one family without those inside another: nft refuses sets whose intervals overlap. */
    private static List<Cidr> widest(List<Cidr> blocks, Family family) {
        List<Cidr> ofFamily =
                blocks.stream().filter(block -> Family.of(block) == family).toList();
        return ofFamily.stream()
                .filter(block -> ofFamily.stream().noneMatch(other -> !other.equals(block) && other.contains(block)))
                .toList();
    }
}
