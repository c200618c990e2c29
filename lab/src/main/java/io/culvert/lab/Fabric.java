package io.culvert.lab;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The network: a link namespace with a switch that joins the nodes, and in each node a bridge that its pods hang on.
 * Pods have /32 and /128 addresses and reach everything through their node, neighbours included, so that the node's
 * service rules see both directions of every connection whatever the kernel's bridge filter does.
 */
final class Fabric {
    /**
     * Per namespace: no duplicate address detection (it would delay IPv6 by seconds), no redirects, bridges are wires. For
     * each interface that is there, too: "all" says nothing to those for IPv6, and a pod that follows its node's redirects
     * answers its neighbour directly, past the node's service rules.
     */
    private static final String SETTINGS = """
            set_if_there() { if [ -e /proc/sys/net/$1 ]; then echo $2 > /proc/sys/net/$1; fi; }
            for i in $(ls /proc/sys/net/ipv4/conf); do
              set_if_there ipv6/conf/$i/disable_ipv6 0
              set_if_there ipv6/conf/$i/accept_dad 0
              set_if_there ipv6/conf/$i/dad_transmits 0
              set_if_there ipv6/conf/$i/accept_ra 0
              set_if_there ipv6/conf/$i/accept_redirects 0
              set_if_there ipv4/conf/$i/accept_redirects 0
              set_if_there ipv4/conf/$i/send_redirects 0
              set_if_there ipv4/conf/$i/rp_filter 0
            done
            set_if_there bridge/bridge-nf-call-iptables 0
            set_if_there bridge/bridge-nf-call-ip6tables 0
            """;

    private final Netns link;

    Fabric(Netns link) {
        this.link = link;
        link.create();
        link.shell(SETTINGS + """
                ip -batch - <<END
                link set lo up
                link add br0 type bridge mcast_snooping 0
                link set br0 up
                END
                """);
    }

    Netns link() {
        return link;
    }

    /**
     * Makes the node's namespace with its bridge and joins it to the link as port {@code node<index>}. The bridge has a
     * hardware address of its own: else it takes the lowest of its ports', which changes as pods come and go, and pods
     * go on sending to the one that they know, for half a minute and in vain.
     */
    void addNode(Netns node, NodeAddresses addresses, int index) {
        node.create();
        link.shell("""
                ip -batch - <<END
                link add node%1$d type veth peer name eth0 netns %2$s
                link set node%1$d master br0 up
                END
                """.formatted(index, node.name()));
        node.shell(SETTINGS
                + """
                echo 1 > /proc/sys/net/ipv4/ip_forward
                echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
                ip -batch - <<END
                link set lo up
                link set eth0 up
                addr add %1$s/24 dev eth0
                addr add %2$s/64 dev eth0 nodad
                link add br0 address %9$s type bridge mcast_snooping 0
                link set br0 up
                addr add %3$s/32 dev br0
                addr add %4$s/128 dev br0 nodad
                route add %5$s dev br0 src %1$s
                route add %6$s dev br0 src %2$s
                route add %7$s dev eth0 src %1$s
                route add %8$s dev eth0 src %2$s
                END
                """.formatted(
                                addresses.v4(),
                                addresses.v6(),
                                addresses.gateway4(),
                                addresses.gateway6(),
                                addresses.pods4(),
                                addresses.pods6(),
                                Services.CLUSTER_4,
                                Services.CLUSTER_6,
                                mac(addresses.gateway4())));
    }

    /** Makes a namespace with an address on the link, as switch port {@code port}. */
    void addHost(Netns host, String v4, String v6, String port) {
        host.create();
        link.shell("""
                ip -batch - <<END
                link add %1$s type veth peer name eth0 netns %2$s
                link set %1$s master br0 up
                END
                """.formatted(port, host.name()));
        host.shell(SETTINGS + """
                ip -batch - <<END
                link set lo up
                link set eth0 up
                addr add %1$s/24 dev eth0
                addr add %2$s/64 dev eth0 nodad
                END
                """.formatted(v4, v6));
    }

    /** Gives {@code node} its routes to the pods of {@code others}. */
    static void route(Netns node, List<NodeAddresses> others) {
        String routes = others.stream()
                .map(other -> "route replace %s via %s\nroute replace %s via %s\n"
                        .formatted(other.pods4(), other.v4(), other.pods6(), other.v6()))
                .collect(Collectors.joining());
        node.shell("ip -batch - <<END\n" + routes + "END\n");
    }

    /** Makes a pod's namespace and plugs it into its node as interface {@code port}. */
    static void addPod(Netns pod, Netns node, NodeAddresses addresses, List<String> ips, String port) {
        pod.create();
        node.shell("""
                ip -batch - <<END
                link add %1$s type veth peer name eth0 netns %2$s
                link set %1$s master br0 up
                END
                """.formatted(port, pod.name()));
        pod.shell(SETTINGS
                + """
                set_if_there ipv4/ip_unprivileged_port_start 0
                set_if_there ipv4/ping_group_range "0 2147483647"
                ip -batch - <<END
                link set lo up
                link set eth0 address %5$s
                link set eth0 up
                addr add %1$s/32 dev eth0
                addr add %2$s/128 dev eth0 nodad
                route add default via %3$s dev eth0 onlink
                route add default via %4$s dev eth0 onlink
                END
                """.formatted(
                                ips.getFirst(),
                                ips.getLast(),
                                addresses.gateway4(),
                                addresses.gateway6(),
                                mac(ips.getFirst())));
    }

    /**
     * A hardware address made from the IPv4 address, as CNI's bridge plugin makes it: a pod that gets a new namespace
     * is found behind its address at once.
     */
    private static String mac(String ip4) {
        return Arrays.stream(ip4.split("\\.", -1))
                .map(octet -> String.format("%02x", Integer.parseInt(octet)))
                .collect(Collectors.joining(":", "0a:58:", ""));
    }
}
