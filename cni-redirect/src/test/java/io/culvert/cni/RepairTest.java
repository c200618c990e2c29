package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.core.linux.NamespaceReader;
import io.culvert.core.linux.NetlinkEvents;
import io.culvert.core.linux.NetworkNamespace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kernel tells of a namespace, and how little is run while it tells nothing; the controller's time is ours. */
@Tag("netns")
class RepairTest {
    private static final Duration TICK = Duration.ofSeconds(2);
    private static final Duration FULL_CHECK = Duration.ofSeconds(30);

    private final Fakes fakes = new Fakes();
    private final ToolRunner tools = new ToolRunner(4, Duration.ofSeconds(10));

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    /** Captures the pod of {@code net} with real tools. */
    private CaptureController captured(String backend, Netns net) throws Exception {
        return captured(backend, net, PodNamespaces.ofKernel(tools));
    }

    private CaptureController captured(String backend, Netns net, PodNamespaces namespaces) throws Exception {
        RuleBackend rules = RuleBackends.all(tools).get(backend);
        assertThat(rules).isNotNull();
        CaptureController controller = new CaptureController(
                new CaptureSettings(
                        directory, TICK, TICK, FULL_CHECK, Duration.ofSeconds(10), Duration.ofSeconds(10), Set.of()),
                fakes.time,
                rules,
                fakes.proxy,
                fakes.directory,
                fakes.reporter,
                namespaces,
                new PodCgroups(directory.resolve("cgroup"), directory.resolve("cgroup"), "/agent"));
        controller.start();
        fakes.directory.put(Fakes.pod("a", true));
        Path path = Path.of("/run/netns", net.podName);
        var added = controller.add(new Attachment(
                "ns", "a", "", "c", "eth0", path, NetworkNamespace.idOf(path), List.of(Netns.ip("fd77::2"))));
        fakes.time.run();
        assertThat(added).isCompleted();
        return controller;
    }

    private static long healed(CaptureController controller) {
        return controller.counters().get(Event.HEALED_RULES)
                + controller.counters().get(Event.HEALED_ROUTE);
    }

    @Test
    void seesChangesOfRulesAndRoutesAndNothingInSilence() throws Exception {
        try (Netns net = new Netns();
                NetlinkEvents events = NetlinkEvents.open(net.pod);
                NetlinkEvents elsewhere = NetlinkEvents.open(net.node)) {
            var _ = events.drain();
            var _ = elsewhere.drain();
            for (String change : List.of(
                    "nft add table inet t",
                    "nft add chain inet t c",
                    "nft add rule inet t c accept",
                    "nft flush chain inet t c",
                    "nft flush ruleset",
                    "iptables-nft -t nat -A OUTPUT -j ACCEPT",
                    "iptables-nft -t nat -F OUTPUT",
                    "ip6tables-nft -t nat -N OTHER",
                    "ip rule add pref 77 fwmark 1 lookup 77",
                    "ip rule del pref 77",
                    "ip -6 rule add pref 77 fwmark 1 lookup 77",
                    "ip -6 rule del pref 77",
                    "ip route add local default dev lo table 77",
                    "ip route flush table 77",
                    "ip -6 route add local default dev lo table 77",
                    "ip -6 route flush table 77",
                    "ip link set lo down",
                    "ip address del 10.77.0.2/24 dev eth0")) {
                net.inPod(change.split(" ", -1));
                assertThat(events.drain()).as(change).isTrue();
                assertThat(events.drain()).as("after " + change).isFalse();
            }
            net.inPod("nft", "list", "ruleset");
            net.inPod("iptables-nft-save");
            net.inPod("ip", "route", "show", "table", "all");
            assertThat(events.drain()).as("reading").isFalse();
            assertThat(elsewhere.drain()).as("another namespace").isFalse();
        }
    }

    @Test
    void isNotToldOfWhatLegacyIptablesChanges() throws Exception {
        try (Netns net = new Netns();
                NetlinkEvents events = NetlinkEvents.open(net.pod)) {
            var _ = events.drain();
            net.inPod("iptables-legacy", "-t", "nat", "-A", "OUTPUT", "-j", "ACCEPT");
            net.inPod("ip6tables-legacy", "-t", "mangle", "-A", "OUTPUT", "-j", "ACCEPT");
            net.inPod("iptables-legacy", "-t", "nat", "-F");
            assertThat(events.drain()).isFalse();
            for (RuleBackend backend : RuleBackends.all(tools).values()) {
                assertThat(backend.toldOfChanges())
                        .as(backend.name())
                        .isEqualTo(!backend.name().equals("iptables-legacy"));
            }
        }
    }

    @Test
    void takesMoreEventsThanItKeepsForAChangeAndThenIsSilentAgain() throws Exception {
        try (Netns net = new Netns();
                NetlinkEvents events = NetlinkEvents.open(net.pod)) {
            StringBuilder many = new StringBuilder("add table inet t\nadd chain inet t c\n");
            many.append("add rule inet t c accept\n".repeat(2_000));
            net.inPodWith(many.toString(), "nft", "-f", "-");
            assertThat(events.drain()).isTrue();
            assertThat(events.drain()).isFalse();
            net.inPod("nft", "flush ruleset");
            assertThat(events.drain()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft"})
    void runsNoToolForAPodThatNobodyTouches(String backend) throws Exception {
        try (Netns net = new Netns()) {
            CaptureController controller = captured(backend, net);
            long runs = tools.runs();
            for (int look = 0; look < 10; look++) {
                fakes.time.pass(TICK);
            }
            assertThat(tools.runs()).isEqualTo(runs);
            fakes.time.pass(FULL_CHECK);
            assertThat(tools.runs()).as("the full check").isGreaterThan(runs);
            assertThat(healed(controller)).isZero();
        }
    }

    @Test
    void loadsAndReadsOnceForAPodOfTheAgentBefore() throws Exception {
        try (Netns net = new Netns()) {
            captured("nft", net).close();
            long runs = tools.runs();
            CaptureController next = captured("nft", net);
            assertThat(next.settled()).isTrue();
            assertThat(tools.runs()).isEqualTo(runs + 2);
            fakes.time.pass(TICK);
            assertThat(tools.runs()).as("with its connections counted").isEqualTo(runs + 3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void healsWithinOneLookWhateverOthersDo(String backend) throws Exception {
        try (Netns net = new Netns()) {
            CaptureController controller = captured(backend, net);
            for (String[] tampering : RuleBackendTest.tamperings(backend)) {
                long before = healed(controller);
                net.inPod(tampering);
                fakes.time.pass(TICK);
                assertThat(healed(controller)).as(String.join(" ", tampering)).isEqualTo(before + 1);
                fakes.time.pass(TICK);
                assertThat(healed(controller)).as("healed for good").isEqualTo(before + 1);
            }
            // Of itself this change of the route is not told.
            long before = healed(controller);
            net.inPod("ip", "address", "del", "127.0.0.1/8", "dev", "lo");
            net.inPod("ip", "address", "add", "127.0.0.1/8", "dev", "lo");
            fakes.time.pass(TICK);
            assertThat(healed(controller)).isEqualTo(before + 1);
            assertThat(net.inPod("ip", "route", "show", "table", "100")).contains("local default");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void healsWhatChangedBetweenItsOwnLoadAndTheNextLook(String backend) throws Exception {
        try (Netns net = new Netns()) {
            CaptureController controller = captured(backend, net);
            String[] flush = RuleBackendTest.tamperings(backend).getFirst();
            for (int round = 0; round < 3; round++) {
                net.inPod(flush);
                fakes.time.pass(TICK);
                // Right after the load that heals: nothing drains this but the next look.
                net.inPod(flush);
                fakes.time.pass(TICK);
            }
            assertThat(controller.counters().get(Event.HEALED_RULES)).isEqualTo(6);
        }
    }

    @Test
    void listsAtEveryLookWhereTheKernelTellsOfNothing() throws Exception {
        PodNamespaces real = PodNamespaces.ofKernel(tools);
        try (Netns net = new Netns()) {
            CaptureController controller = captured("nft", net, new Deaf(real));
            long runs = tools.runs();
            fakes.time.pass(TICK.multipliedBy(5));
            assertThat(tools.runs()).isEqualTo(runs + 5);
            net.inPod("nft", "flush ruleset");
            fakes.time.pass(TICK);
            assertThat(healed(controller)).isEqualTo(1);
        }
    }

    @Test
    void findsTheAddressesOfBothFamiliesAndNoOthers() throws Exception {
        PodNamespaces namespaces = PodNamespaces.ofKernel(tools);
        try (Netns net = new Netns()) {
            assertThat(namespaces.carries(net.pod, List.of())).isTrue();
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("10.77.0.2"))))
                    .isTrue();
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("fd77::2"))))
                    .isTrue();
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("10.9.9.9"), Netns.ip("fd77::2"))))
                    .isTrue();
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("10.77.0.1"), Netns.ip("fd77::1"))))
                    .isFalse();
            assertThat(namespaces.carries(net.node, List.of(Netns.ip("10.77.0.1"))))
                    .isTrue();
            assertThat(tools.runs()).isZero();
            // The address of an interface between two ends is the local one.
            net.inPod("ip", "address", "add", "10.88.0.1", "peer", "10.88.0.2", "dev", "eth0");
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("10.88.0.1"))))
                    .isTrue();
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("10.88.0.2"))))
                    .isFalse();
            net.inPod("ip", "address", "del", "10.77.0.2/24", "dev", "eth0");
            assertThat(namespaces.carries(net.pod, List.of(Netns.ip("10.77.0.2"))))
                    .isFalse();
        }
    }

    @Test
    void readsAsManyAddressesAsThereAre() throws Exception {
        try (Netns net = new Netns();
                NamespaceReader reader = NamespaceReader.open(net.pod)) {
            StringBuilder batch = new StringBuilder();
            for (int i = 0; i < 2_000; i++) {
                batch.append("addr add 10.99.%d.%d/32 dev lo\n".formatted(i / 250, i % 250));
            }
            net.inPodWith(batch.toString(), "ip", "-batch", "-");
            assertThat(reader.addresses())
                    .hasSizeGreaterThan(2_000)
                    .contains(Netns.ip("10.99.7.249"), Netns.ip("fd77::2"));
        }
    }

    @Test
    void tellsTheRuleAndTheRouteFromSimilarOnes() throws Exception {
        try (Netns net = new Netns();
                NamespaceReader reader = NamespaceReader.open(net.pod)) {
            for (boolean ipv6 : new boolean[] {false, true}) {
                String family = ipv6 ? "-6" : "-4";
                for (String similar : List.of(
                        "fwmark 0x111/0xfff lookup 101",
                        "fwmark 0x111/0xff lookup 100",
                        "fwmark 0x112/0xfff lookup 100",
                        "iif eth0 fwmark 0x111/0xfff lookup 100",
                        "not fwmark 0x111/0xfff lookup 100")) {
                    net.inPod(("ip " + family + " rule add pref 32764 " + similar).split(" ", -1));
                    assertThat(reader.hasMarkRule(ipv6, 32764, 0x111, 0xfff, 100))
                            .as(similar)
                            .isFalse();
                    net.inPod("ip", family, "rule", "del", "pref", "32764");
                }
                net.inPod(("ip " + family + " rule add pref 32764 fwmark 0x111/0xfff lookup 100").split(" ", -1));
                assertThat(reader.hasMarkRule(ipv6, 32764, 0x111, 0xfff, 100)).isTrue();

                String block = ipv6 ? "fd99::/64" : "10.99.0.0/24";
                net.inPod("ip", family, "route", "add", "local", block, "dev", "lo", "table", "100");
                net.inPod("ip", family, "route", "add", "default", "dev", "eth0", "table", "100");
                assertThat(reader.hasLocalDefault(ipv6, 100)).isFalse();
                net.inPod("ip", family, "route", "replace", "local", "default", "dev", "lo", "table", "100");
                assertThat(reader.hasLocalDefault(ipv6, 100)).isTrue();
                assertThat(reader.hasLocalDefault(ipv6, 101)).isFalse();
            }
        }
    }

    @Test
    void saysThatANamespaceIsClosed() throws Exception {
        try (Netns net = new Netns()) {
            NetworkNamespace closed = NetworkNamespace.open(Path.of("/run/netns", net.podName));
            closed.close();
            assertThatThrownBy(() -> PodNamespaces.ofKernel(tools).carries(closed, List.of(Netns.ip("10.77.0.2"))))
                    .isInstanceOf(CaptureException.class)
                    .hasMessageContaining(net.podName);
            assertThat(PodNamespaces.ofKernel(tools).watch(closed)).isSameAs(NamespaceChanges.UNKNOWN);
        }
    }

    /** A kernel without events. */
    private record Deaf(PodNamespaces real) implements PodNamespaces {
        @Override
        public boolean carries(NetworkNamespace namespace, List<java.net.InetAddress> addresses)
                throws CaptureException {
            return real.carries(namespace, addresses);
        }

        @Override
        public NamespaceChanges watch(NetworkNamespace namespace) {
            return NamespaceChanges.UNKNOWN;
        }

        @Override
        public List<TcpSockets.Connection> connections(NetworkNamespace namespace) throws CaptureException {
            return real.connections(namespace);
        }

        @Override
        public int end(NetworkNamespace namespace, List<TcpSockets.Connection> connections) throws CaptureException {
            return real.end(namespace, connections);
        }
    }
}
