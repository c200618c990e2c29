package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.cni.RuleBackend.Applied;
import io.culvert.cni.RuleBackend.Drift;
import io.culvert.cni.RuleBackend.Part;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("netns")
class RuleBackendTest {
    private static final RuleSet RULES = RuleSet.of(new CaptureSpec(
            new Excludes(
                    new TreeSet<>(List.of(9100)),
                    new TreeSet<>(List.of(25, 5432)),
                    List.of(Cidr.parse("10.9.0.0/16"), Cidr.parse("192.168.0.0/16"), Cidr.parse("fd99::/64"))),
            new TreeSet<>(List.of(6379)),
            List.of(Cidr.parse("10.77.0.1"), Cidr.parse("fd77::1")),
            null,
            false));

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void appliesVerifiesHealsAndRemoves(String name) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        try (Netns net = new Netns()) {
            String before = net.inPod(tool(name));
            Applied applied = backend.apply(net.pod, RULES, () -> {});
            assertThat(applied.ipv6()).isTrue();
            assertThat(backend.verify(net.pod, applied)).isEmpty();
            assertThat(backend.apply(net.pod, RULES, () -> {})).isEqualTo(applied);
            assertThat(backend.verify(net.pod, applied)).isEmpty();

            for (String[] tampering : tamperings(name)) {
                net.inPod(tampering);
                assertThat(backend.verify(net.pod, applied))
                        .as(String.join(" ", tampering))
                        .isNotEmpty();
                assertThat(backend.apply(net.pod, RULES, () -> {})).isEqualTo(applied);
                assertThat(backend.verify(net.pod, applied)).isEmpty();
            }

            Applied draining = backend.apply(net.pod, RULES.draining(), () -> {});
            assertThat(backend.verify(net.pod, draining)).isEmpty();
            assertThat(net.inPod(tool(name))).doesNotContainIgnoringCase("redirect");
            backend.remove(net.pod);
            backend.remove(net.pod);
            assertThat(own(net.inPod(tool(name)))).isEqualTo(own(before));
            assertThat(net.inPod("ip", "rule", "show", "pref", "32764")).isEmpty();
            assertThat(backend.verify(net.pod, draining))
                    .extracting(Drift::part)
                    .contains(Part.RULES, Part.ROUTE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void leavesAloneWhatOthersHave(String name) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        try (Netns net = new Netns()) {
            String iptables = name.equals("nft") ? "iptables-nft" : name;
            net.inPod(iptables, "-t", "nat", "-N", "OTHER");
            net.inPod(iptables, "-t", "nat", "-A", "OUTPUT", "-j", "OTHER");
            net.inPod("nft", "add table inet other");
            Applied applied = backend.apply(net.pod, RULES, () -> {});
            net.inPod(iptables, "-t", "nat", "-A", "OTHER", "-p", "udp", "-j", "ACCEPT");
            net.inPod("nft", "add chain inet other c");
            assertThat(backend.verify(net.pod, applied)).isEmpty();
            backend.remove(net.pod);
            assertThat(net.inPod(iptables + "-save")).contains("-A OUTPUT -j OTHER", "-A OTHER -p udp -j ACCEPT");
            assertThat(net.inPod("nft", "list", "tables")).contains("table inet other");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void worksWhereIpv6IsDisabled(String name) throws Exception {
        RuleBackend backend = RuleBackends.detect(name);
        try (Netns net = new Netns()) {
            net.inPod("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.lo.disable_ipv6=1");
            Applied applied = backend.apply(net.pod, RULES, () -> {});
            assertThat(applied.ipv6()).isFalse();
            assertThat(backend.verify(net.pod, applied)).isEmpty();
            backend.remove(net.pod);
        }
    }

    @Test
    void namesTheChoicesWhenThereIsNoSuchBackend() {
        assertThatThrownBy(() -> RuleBackends.detect("ebtables"))
                .isInstanceOf(CaptureException.class)
                .hasMessageContaining("ebtables")
                .hasMessageContaining("[nft, iptables-nft, iptables-legacy]");
    }

    @Test
    void prefersNft() throws Exception {
        assertThat(RuleBackends.detect("auto").name()).isEqualTo("nft");
    }

    private static String[] tool(String backend) {
        return backend.equals("nft") ? new String[] {"nft", "list", "ruleset"} : new String[] {backend + "-save"};
    }

    private static List<String> own(String listing) {
        return listing.lines()
                .filter(line -> line.contains("CULVERT") || line.contains("culvert"))
                .toList();
    }

    /** What others may do to our rules and routes, one command each. */
    static List<String[]> tamperings(String name) {
        String[] rule = {"ip", "rule", "del", "pref", "32764"};
        String[] rule6 = {"ip", "-6", "rule", "del", "pref", "32764"};
        String[] route = {"ip", "route", "flush", "table", "100"};
        String[] route6 = {"ip", "-6", "route", "flush", "table", "100"};
        if (name.equals("nft")) {
            return List.of(
                    new String[] {"nft", "flush chain inet culvert nat-out"},
                    new String[] {"nft", "delete table inet culvert"},
                    new String[] {"nft", "flush ruleset"},
                    new String[] {"nft", "insert rule inet culvert nat-out accept"},
                    new String[] {"nft", "add chain inet culvert extra"},
                    rule,
                    rule6,
                    route,
                    route6);
        }
        String six = name.replace("iptables", "ip6tables");
        return List.of(
                new String[] {name, "-t", "nat", "-F", "CULVERT_OUTPUT"},
                new String[] {six, "-t", "nat", "-F"},
                new String[] {name, "-t", "nat", "-F", "OUTPUT"},
                new String[] {name, "-t", "nat", "-I", "CULVERT_OUTPUT", "-j", "ACCEPT"},
                new String[] {name, "-t", "nat", "-A", "OUTPUT", "-j", "CULVERT_OUTPUT"},
                new String[] {name, "-t", "nat", "-N", "CULVERT_EXTRA"},
                new String[] {six, "-t", "mangle", "-D", "CULVERT_OUTPUT", "1"},
                rule,
                rule6,
                route,
                route6);
    }
}
