package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.cni.Talk.Line;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.ExistingConnections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The controller with its own threads and tools on this kernel; only the proxy and the control plane are played. */
@Tag("netns")
class CaptureKernelTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    private final Fakes fakes = new Fakes();

    private CaptureController controller(String backend) throws Exception {
        CaptureSettings settings = new CaptureSettings(
                directory,
                Duration.ofMillis(100),
                Duration.ofMillis(500),
                Duration.ofMinutes(10),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                Set.of());
        CaptureController made = new CaptureController(
                settings, RuleBackends.detect(backend), fakes.proxy, fakes.directory, fakes.reporter);
        made.start();
        return made;
    }

    private static Attachment attachment(Netns net) throws IOException {
        Path path = Path.of("/run/netns", net.podName);
        return new Attachment(
                "ns", "a", "", "c", "eth0", path, NetworkNamespace.idOf(path), List.of(Netns.ip("10.77.0.2")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void enrolsQuicklyHealsWithinSecondsAndLeavesWithoutATrace(String backend) throws Exception {
        try (Netns net = new Netns();
                Talk talk = new Talk();
                CaptureController controller = controller(backend)) {
            talk.serve("proxy", net.pod, 15001);
            talk.serve("remote", net.node, 8080);
            fakes.directory.put(Fakes.pod("a", true));
            long begin = System.nanoTime();
            controller.add(attachment(net)).get(5, TimeUnit.SECONDS);
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
            // 50 to 100 ms on an idle machine; this one may be shared.
            assertThat(millis).as("ms to enrol").isLessThan(1_500);
            assertThat(talk.call(net.pod, null, "10.77.0.4", 8080).label()).isEqualTo("proxy");

            net.inPod("ip", "rule", "del", "pref", "32764");
            await(() -> controller.counters().get(Event.HEALED_ROUTE) == 1);
            net.inPod("nft", "flush ruleset");
            net.inPod("iptables-legacy", "-t", "nat", "-F");
            await(() -> controller.counters().get(Event.HEALED_RULES) > 0);
            assertThat(talk.call(net.pod, null, "10.77.0.4", 8080).label()).isEqualTo("proxy");

            fakes.directory.put(Fakes.pod("a", false));
            await(() -> controller.counters().get(Event.UNENROLLED) == 1);
            assertThat(talk.call(net.pod, null, "10.77.0.4", 8080).label()).isEqualTo("remote");
            assertThat(net.inPod("nft", "list", "ruleset")).doesNotContainIgnoringCase("culvert");
            assertThat(net.inPod("iptables-legacy-save")).doesNotContain("CULVERT");
            assertThat(net.inPod("ip", "rule")).doesNotContain("32764");
        }
    }

    @Test
    void takesOverFromAnAgentWithAnotherBackend() throws Exception {
        try (Netns net = new Netns()) {
            fakes.directory.put(Fakes.pod("a", true));
            try (CaptureController first = controller("iptables-legacy")) {
                first.add(attachment(net)).get(5, TimeUnit.SECONDS);
            }
            assertThat(net.inPod("iptables-legacy-save")).contains("CULVERT");
            try (CaptureController second = controller("nft")) {
                await(second::settled);
                await(() -> !net.inPod("iptables-legacy-save").contains("CULVERT"));
                assertThat(net.inPod("nft", "list", "tables")).contains("inet culvert");
                assertThat(net.inPod("ip", "rule")).contains("32764");
            }
        }
    }

    @Test
    void resetsConnectionsFromBeforeWhenTheNamespaceWantsIt() throws Exception {
        try (Netns net = new Netns();
                Talk talk = new Talk();
                CaptureController controller = controller("auto")) {
            talk.serve("proxy", net.pod, 15001);
            // On [::]: the app's sockets are IPv6 with mapped addresses, as those of Java and Go programs are.
            talk.serve("app", net.pod, 8080);
            talk.serve("remote", net.node, 8080);
            List<Line> before = List.of(
                    talk.call(net.pod, null, "10.77.0.4", 8080),
                    talk.call(net.node, "10.77.0.4", "10.77.0.2", 8080),
                    talk.call(net.pod, null, "fd77::4", 8080));
            Line itself = talk.call(net.pod, null, "10.77.0.2", 8080);
            fakes.directory.put(Fakes.pod("a", true, "", ExistingConnections.KEEP, 0));
            controller.add(attachment(net)).get(5, TimeUnit.SECONDS);
            Line after = talk.call(net.pod, null, "10.77.0.4", 8080);
            assertThat(fakes.reporter.of("a")).startsWith("ENABLED 3 ");
            for (Line line : before) {
                assertThat(line.echo("kept")).isEqualTo("kept");
            }

            fakes.directory.put(Fakes.pod("a", true, "", ExistingConnections.RESET, 0));
            await(() -> fakes.reporter.of("a").startsWith("ENABLED 0 "));
            for (Line line : before) {
                assertThat(line.lives()).as(line.greeting).isFalse();
            }
            assertThat(after.echo("spared")).isEqualTo("spared");
            assertThat(itself.echo("spared")).isEqualTo("spared");
            assertThat(controller.counters().get(Event.RESET_CONNECTIONS)).isEqualTo(3);
        }
    }

    /** Runs where the unified hierarchy can be written, as root may on this host; elsewhere it fails and says so. */
    @ParameterizedTest
    @ValueSource(strings = {"nft", "iptables-nft", "iptables-legacy"})
    void capturesAProcessThatForgesTheProxysMark(String name) throws Exception {
        PodCgroups cgroups = PodCgroups.ofHost();
        String uid = "cv" + ProcessHandle.current().pid() + name;
        Path cgroup = cgroups.mount().resolve("kubepods/pod" + uid);
        Files.createDirectories(cgroup);
        try (Netns net = new Netns();
                Talk talk = new Talk()) {
            talk.serve("proxy", net.pod, 15001);
            talk.serve("remote", net.node, 8080);
            RuleBackend backend = RuleBackends.detect(name);
            PodCgroup found = cgroups.find(uid);
            assertThat(found).isNotNull();
            CaptureSpec spec = new CaptureSpec(Excludes.NONE, Ports.checked(List.of()), List.of(), found, false);
            for (String mark : new String[] {"0x539", "0x111", "0x10539"}) {
                var _ = backend.apply(net.pod, RuleSet.of(CaptureSpec.ALL), () -> {});
                String without = forge(net, cgroup, mark);
                var applied = backend.apply(net.pod, RuleSet.of(spec), () -> {});
                assertThat(backend.verify(net.pod, applied)).isEmpty();
                assertThat(forge(net, cgroup, mark)).as("mark " + mark).startsWith("proxy");
                if (!mark.equals("0x111")) {
                    assertThat(without).as("mark " + mark).startsWith("remote");
                }
            }
        } finally {
            Files.delete(cgroup);
            var _ = cgroups.mount().resolve("kubepods").toFile().delete(); // Not when another run has its own in it.
        }
    }

    /** What a process of the pod's cgroup is greeted with that sets a mark on its socket. */
    private static String forge(Netns net, Path cgroup, String mark) {
        return net.inPodWith("""
                import os, socket
                open('%s/cgroup.procs', 'w').write(str(os.getpid()))
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, 36, %s)
                s.settimeout(2)
                s.bind(('10.77.0.2', 0))
                try:
                    s.connect(('10.77.0.4', 8080))
                    print(s.recv(100).decode())
                except OSError as e:
                    print('error', e)
                """.formatted(cgroup, mark), "python3", "-");
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within 5 s");
            }
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
