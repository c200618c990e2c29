package io.culvert.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * Service addresses as kube-proxy makes them: in every node, a connection to a cluster IP goes to a ready endpoint at
 * random, and is refused when there is none. One nft table, replaced as a whole.
 */
final class ServiceRules {
    private static final String HEAD = """
            table inet lab-services
            delete table inet lab-services
            table inet lab-services {
              chain prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
              chain output { type nat hook output priority -100; policy accept; jump services; }
              chain forward { type filter hook forward priority filter; policy accept; jump refused; }
              chain local { type filter hook output priority filter; policy accept; jump refused; }
            """;

    private ServiceRules() {}

    /** The table for all {@code services}, as input of `nft -f`. */
    static String render(List<ServicePort> services) {
        List<String> translate = new ArrayList<>();
        // What still bears a service address here found no endpoint.
        List<String> refuse = List.of(
                "ip daddr %s meta l4proto tcp reject with tcp reset".formatted(Services.CLUSTER_4),
                "ip6 daddr %s meta l4proto tcp reject with tcp reset".formatted(Services.CLUSTER_6),
                "ip daddr %s reject".formatted(Services.CLUSTER_4),
                "ip6 daddr %s reject".formatted(Services.CLUSTER_6));
        List<String> hairpin = new ArrayList<>();
        for (ServicePort service : services) {
            for (String vip : service.service().clusterIps()) {
                String family = vip.indexOf(':') >= 0 ? "ip6" : "ip";
                String match = "%s daddr %s %s dport %d"
                        .formatted(
                                family,
                                vip,
                                service.port().protocol(),
                                service.port().port());
                List<Backend> ready = service.ready(family.equals("ip6"));
                if (!ready.isEmpty()) {
                    translate.add(match + " " + translation(family, ready));
                }
            }
        }
        services.stream()
                .flatMap(service -> service.backends().stream())
                .map(backend -> backend.v6()
                        ? "ip6 saddr %1$s ip6 daddr %1$s ct status dnat masquerade".formatted(backend.address())
                        : "ip saddr %1$s ip daddr %1$s ct status dnat masquerade".formatted(backend.address()))
                .distinct()
                .forEach(hairpin::add);
        // A pod that reaches itself through its service must not see its own address arrive from outside.
        return HEAD
                + chain("services", translate)
                + chain("refused", refuse)
                + chain("postrouting", hairpin)
                        .replace("{\n", "{\n    type nat hook postrouting priority srcnat; policy accept;\n")
                + "}\n";
    }

    private static String translation(String family, List<Backend> ready) {
        List<String> targets = new ArrayList<>();
        for (Backend backend : ready) {
            targets.add("%d : %s . %d".formatted(targets.size(), backend.address(), backend.port()));
        }
        return "dnat %s addr . port to numgen random mod %d map { %s }"
                .formatted(family, ready.size(), String.join(", ", targets));
    }

    private static String chain(String name, List<String> rules) {
        StringBuilder text = new StringBuilder("  chain " + name + " {\n");
        rules.forEach(rule -> text.append("    ").append(rule).append('\n'));
        return text.append("  }\n").toString();
    }
}
