package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.ExistingConnections;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The controller's decisions, with everything around it played and time moved by hand. */
class CaptureControllerTest {
    private static final Path OWN = Path.of("/proc/self/ns/net");
    private static final Duration TICK = Duration.ofSeconds(2);
    private static final Duration FULL_CHECK = Duration.ofSeconds(30);
    private static final String EVADE =
            "processes with CAP_NET_RAW could evade capture: the pod's cgroup v2 is not known";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    private final Fakes fakes = new Fakes();

    @SuppressWarnings("NullAway.Init")
    private CaptureController controller;

    @BeforeEach
    void startController() throws IOException {
        controller = controller(fakes, fakes.backend);
    }

    private CaptureController controller(Fakes with, RuleBackend backend) throws IOException {
        CaptureController made = unstarted(with, backend);
        made.start();
        with.time.run();
        return made;
    }

    private CaptureController unstarted(Fakes with, RuleBackend backend) {
        CaptureSettings settings = new CaptureSettings(
                directory,
                Duration.ofSeconds(3),
                TICK,
                FULL_CHECK,
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                Set.of("kube-system"));
        return new CaptureController(
                settings,
                with.time,
                backend,
                with.proxy,
                with.directory,
                with.reporter,
                with.namespaces,
                new PodCgroups(directory.resolve("cgroup"), directory.resolve("cgroup"), "/agent"));
    }

    /** A file that names a namespace. */
    private Path netns(String name, Path target) throws IOException {
        Path link = directory.resolve(name);
        Files.deleteIfExists(link);
        return Files.createSymbolicLink(link, target);
    }

    private Attachment attachment(String name, String container) throws IOException {
        Path path = netns(name, OWN);
        return new Attachment("ns", name, "", container, "eth0", path, NetworkNamespace.idOf(path), List.of());
    }

    private CompletableFuture<Void> add(String name) throws IOException {
        CompletableFuture<Void> added = controller.add(attachment(name, "c-" + name));
        fakes.time.run();
        return added;
    }

    private void captured(String name) throws IOException {
        assertThat(add(name)).isCompleted();
    }

    @Test
    void enrolsListenersThenRulesThenReport() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        assertThat(add("a")).isCompleted();
        assertThat(fakes.log).containsExactly("report PENDING", "start a", "apply", "report ENABLED");
        assertThat(fakes.reporter.of("a")).isEqualTo("ENABLED 0 " + EVADE);
        assertThat(controller.settled()).isTrue();
    }

    @Test
    void letsAPodPassThatIsNotOptedInAndEnrolsItWhenItIs() throws Exception {
        fakes.directory.put(Fakes.pod("a", false));
        assertThat(add("a")).isCompleted();
        fakes.time.pass(TICK);
        assertThat(fakes.log).containsExactly("report NOT_ENROLLED");
        fakes.directory.put(Fakes.pod("a", true));
        fakes.time.run();
        assertThat(fakes.log).endsWith("start a", "apply", "report ENABLED");
    }

    @Test
    void waitsForTheControlPlaneToTellOfThePod() throws Exception {
        CompletableFuture<Void> added = add("a");
        fakes.time.pass(TICK);
        assertThat(added).isNotDone();
        fakes.directory.put(Fakes.pod("a", true));
        fakes.time.run();
        assertThat(added).isCompleted();
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED");
    }

    @Test
    void doesNotWaitForPodsOfExemptNamespaces() throws Exception {
        Path path = netns("dns", OWN);
        CompletableFuture<Void> added = controller.add(
                new Attachment("kube-system", "dns", "", "c", "eth0", path, NetworkNamespace.idOf(path), List.of()));
        assertThat(added).isCompleted();
    }

    @Test
    void unenrolsInTheOrderThatKeepsConnections() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.log.clear();
        fakes.proxy.connections.put("c//Pod/ns/a", 1);
        fakes.directory.put(Fakes.pod("a", false));
        fakes.time.run();
        assertThat(fakes.log).containsExactly("report NOT_ENROLLED");
        fakes.time.pass(Duration.ofSeconds(3));
        assertThat(fakes.log).containsExactly("report NOT_ENROLLED", "flush", "stop");
        fakes.time.pass(Duration.ofMinutes(10));
        assertThat(fakes.log).doesNotContain("remove");
        fakes.proxy.connections.clear();
        fakes.time.pass(TICK);
        assertThat(fakes.log).containsExactly("report NOT_ENROLLED", "flush", "stop", "remove");
        assertThat(controller.counters().get(Event.UNENROLLED)).isEqualTo(1);
    }

    @Test
    void takesAPodBackThatIsOptedInAgainWhileItLeaves() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.proxy.connections.put("c//Pod/ns/a", 1);
        fakes.directory.put(Fakes.pod("a", false));
        fakes.time.pass(Duration.ofSeconds(4));
        assertThat(fakes.log).contains("flush");
        fakes.log.clear();
        fakes.directory.put(Fakes.pod("a", true));
        fakes.time.run();
        assertThat(fakes.log).containsExactly("report PENDING", "start a", "apply", "report ENABLED");
    }

    @Test
    void healsFlushedRulesAndDeadListenersWithinATick() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.log.clear();
        fakes.backend.rules.clear();
        fakes.namespaces.changed = true;
        fakes.time.pass(TICK);
        assertThat(fakes.log).containsExactly("apply");
        assertThat(controller.counters().get(Event.HEALED_RULES)).isEqualTo(1);

        fakes.log.clear();
        fakes.proxy.listening.clear();
        fakes.time.pass(TICK);
        assertThat(fakes.log).containsExactly("start a", "apply");
        assertThat(controller.counters().get(Event.HEALED_LISTENERS)).isEqualTo(1);
        assertThat(controller.status().getFirst().healed()).isEqualTo(2);
    }

    @Test
    void readsRulesOnlyWhenAChangeWasToldOrNothingForLong() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.time.pass(TICK.multipliedBy(10));
        assertThat(fakes.backend.verified).isZero();
        fakes.namespaces.changed = true;
        fakes.time.pass(TICK.multipliedBy(3));
        assertThat(fakes.backend.verified).isEqualTo(1);
        fakes.time.pass(FULL_CHECK);
        assertThat(fakes.backend.verified).isEqualTo(2);
        assertThat(fakes.log).containsOnlyOnce("apply");
    }

    @Test
    void readsRulesAtEveryLookWhereChangesAreNotTold() throws Exception {
        fakes.backend.told = false;
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.time.pass(TICK.multipliedBy(10));
        assertThat(fakes.backend.verified).isEqualTo(10);
    }

    @Test
    void followsNamespacesForAsLongAsTheyAreCaptured() throws Exception {
        for (String name : List.of("a", "b")) {
            fakes.directory.put(Fakes.pod(name, true));
            captured(name);
        }
        assertThat(fakes.namespaces.watched).isEqualTo(2);
        fakes.directory.put(Fakes.pod("a", false));
        fakes.time.pass(Duration.ofSeconds(4));
        assertThat(fakes.namespaces.watched).isEqualTo(1);
        controller.delete("ns", "b", "c-b");
        fakes.time.run();
        assertThat(fakes.namespaces.watched).isZero();
    }

    @Test
    @Tag("netns")
    void followsAReplacedNamespace() throws Exception {
        try (Netns other = new Netns()) {
            fakes.directory.put(Fakes.pod("a", true));
            captured("a");
            fakes.log.clear();
            NetworkNamespace.Id before = fakes.proxy.listening.get("c//Pod/ns/a");
            netns("a", Path.of("/run/netns", other.podName));
            fakes.time.pass(TICK);
            assertThat(fakes.log).containsExactly("report PENDING", "start a", "apply", "report ENABLED");
            assertThat(fakes.proxy.listening.get("c//Pod/ns/a")).isNotEqualTo(before);
            assertThat(controller.counters().get(Event.HEALED_NAMESPACE)).isEqualTo(1);
            assertThat(fakes.namespaces.watched).isEqualTo(1);
        }
    }

    @Test
    @Tag("netns")
    void doesNotFollowIntoANamespaceOfAnotherPod() throws Exception {
        try (Netns other = new Netns()) {
            fakes.directory.put(Fakes.pod("a", true));
            captured("a");
            NetworkNamespace.Id before = fakes.proxy.listening.get("c//Pod/ns/a");
            fakes.namespaces.carries = false;
            netns("a", Path.of("/run/netns", other.podName));
            fakes.time.pass(TICK);
            assertThat(fakes.reporter.of("a")).startsWith("FAILED 0 namespace").contains("it is another's");
            assertThat(fakes.proxy.listening).containsEntry("c//Pod/ns/a", before);
        }
    }

    @Test
    void forgetsAPodWhoseNamespaceFileStaysAway() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Files.delete(directory.resolve("a"));
        fakes.time.pass(TICK.multipliedBy(2));
        assertThat(controller.status()).hasSize(1);
        fakes.time.pass(TICK);
        assertThat(controller.status()).isEmpty();
        assertThat(fakes.log).endsWith("forget", "stop now", "report PENDING");
    }

    @Test
    void retriesWithGrowingPausesAndLeavesOthersAlone() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        fakes.backend.refusal = "no memory";
        assertThat(add("a")).isCompletedExceptionally();
        assertThat(fakes.reporter.of("a")).isEqualTo("FAILED 0 no memory");
        fakes.time.pass(Duration.ofMinutes(2));
        assertThat(controller.counters().get(Event.FAILED)).isBetween(8L, 11L);
        fakes.backend.refusal = null;
        fakes.directory.put(Fakes.pod("b", true));
        assertThat(add("b")).isCompleted();
        fakes.time.pass(Duration.ofSeconds(30));
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED");
    }

    @Test
    void saysWhyTheProxyCannotListen() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        fakes.proxy.next = CompletableFuture.failedFuture(new IOException("port 15001 is in use by the app"));
        assertThat(add("a")).isCompletedExceptionally();
        assertThat(fakes.reporter.of("a"))
                .isEqualTo("FAILED 0 the proxy cannot listen in the pod: port 15001 is in use by the app");
        assertThat(fakes.log).doesNotContain("apply");
    }

    @Test
    void givesUpOnAProxyThatNeverAnswersUntilTheNextAttempt() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        fakes.proxy.next = new CompletableFuture<>();
        CompletableFuture<Void> added = add("a");
        fakes.time.pass(Duration.ofSeconds(9));
        assertThat(added).isNotDone();
        fakes.time.pass(Duration.ofSeconds(1));
        assertThat(added).isCompletedExceptionally();
        fakes.proxy.next = null;
        fakes.time.pass(Duration.ofSeconds(1));
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED");
    }

    @Test
    void keepsAPodEnabledWhenAToolFailsOnce() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.backend.unreadable = "out of processes";
        // Told once: that it could not be read is no reason to forget it.
        fakes.namespaces.changed = true;
        fakes.time.pass(TICK.multipliedBy(2));
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED");
        fakes.time.pass(TICK);
        assertThat(fakes.reporter.of("a")).isEqualTo("FAILED 0 out of processes");
    }

    @Test
    void takesOverAChangedPodWithoutLettingPeersNotice() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.log.clear();
        fakes.directory.put(Fakes.pod("a", true, "pod-a", ExistingConnections.DRAIN, 5));
        fakes.time.run();
        assertThat(fakes.log).containsExactly("start a", "apply");
    }

    @Test
    void adoptsPodsOfTheAgentBeforeWithoutTheControlPlane() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Fakes next = new Fakes();
        CaptureController restarted = controller(next, next.backend);
        assertThat(next.log).containsExactly("start a", "apply", "report ENABLED");
        assertThat(restarted.adopted().toCompletableFuture()).isCompleted();
        assertThat(restarted.settled()).isTrue();
        next.directory.put(Fakes.pod("a", false));
        next.time.pass(Duration.ofSeconds(10));
        assertThat(next.log).endsWith("report NOT_ENROLLED", "flush", "stop", "remove");
    }

    @Test
    void tellsThatAdoptedPodsListenBeforeTheirRulesAreLoaded() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Fakes next = new Fakes();
        CompletableFuture<Void> bound = new CompletableFuture<>();
        next.proxy.next = bound;
        CaptureController restarted = controller(next, next.backend);
        CompletableFuture<Void> listening = restarted.listening().toCompletableFuture();
        CompletableFuture<Void> adopted = restarted.adopted().toCompletableFuture();
        assertThat(listening).isNotDone();
        bound.complete(null);
        assertThat(listening).isCompleted();
        assertThat(adopted).isNotDone();
        next.time.run();
        assertThat(adopted).isCompleted();
        assertThat(next.log).containsExactly("start a", "apply", "report ENABLED");
    }

    @Test
    void tellsThatAnAdoptedPodWasTriedThoughItCannotListen() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Fakes next = new Fakes();
        next.proxy.next = CompletableFuture.failedFuture(new IOException("port in use"));
        CaptureController restarted = controller(next, next.backend);
        assertThat(restarted.listening().toCompletableFuture()).isCompleted();
        assertThat(restarted.adopted().toCompletableFuture()).isCompleted();
        assertThat(next.reporter.of("a")).startsWith("FAILED");
    }

    @Test
    void waitsForNoPodWhenTheAgentBeforeHadNone() {
        assertThat(controller.listening().toCompletableFuture()).isCompleted();
        assertThat(controller.adopted().toCompletableFuture()).isCompleted();
    }

    @Test
    void takesBackThePodsThatItReadAheadOfItsStart() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Fakes next = new Fakes();
        CaptureController restarted = unstarted(next, next.backend);
        restarted.prepare();
        Files.delete(directory.resolve("capture.json"));
        restarted.start();
        next.time.run();
        assertThat(next.log).containsExactly("start a", "apply", "report ENABLED");
    }

    @Test
    void reportsAdoptedPodsBeforeItCountsAndResetsTheirEarlierConnections() throws Exception {
        fakes.directory.put(Fakes.pod("a", true, "", ExistingConnections.RESET, 0));
        captured("a");
        Fakes next = new Fakes();
        next.namespaces.connections = List.of(connection("10.0.0.1", 1000, "10.0.0.9", 80, 0));
        controller(next, next.backend);
        assertThat(next.log).containsExactly("start a", "apply", "report ENABLED");
        next.time.pass(TICK);
        assertThat(next.log).endsWith("apply", "report ENABLED", "reset 1");

        fakes.directory.put(Fakes.pod("a", true, "", ExistingConnections.KEEP, 0));
        fakes.time.run();
        Fakes another = new Fakes();
        another.namespaces.connections = List.of(connection("10.0.0.1", 1000, "10.0.0.9", 80, 0));
        CaptureController last = controller(another, another.backend);
        another.time.pass(TICK);
        assertThat(another.reporter.of("a")).startsWith("ENABLED 1 ");
        assertThat(last.status().getFirst().unproxied()).isEqualTo(1);
    }

    @Test
    void cleansUpAfterAnAgentThatDiedWhileAPodWasLeaving() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.directory.put(Fakes.pod("a", false));
        fakes.time.run();
        Fakes next = new Fakes();
        controller(next, next.backend);
        next.time.pass(Duration.ofSeconds(5));
        assertThat(next.log).containsExactly("report NOT_ENROLLED", "flush", "stop", "remove");
    }

    @Test
    void doesNotAdoptWhatIsNotThereAnyMore() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Files.delete(directory.resolve("a"));
        Fakes next = new Fakes();
        assertThat(controller(next, next.backend).status()).isEmpty();
        assertThat(next.log).isEmpty();
    }

    @Test
    void leavesAtOnceOnDelButOnlyTheSandboxThatIsMeant() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        controller.delete("ns", "a", "another");
        fakes.time.run();
        assertThat(controller.status()).hasSize(1);
        controller.delete("ns", "a", "c-a");
        fakes.time.run();
        assertThat(controller.status()).isEmpty();
        assertThat(fakes.log).contains("forget", "stop now");
    }

    @Test
    void putsTheNextSandboxInThePlaceOfTheLast() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.log.clear();
        CompletableFuture<Void> added = controller.add(attachment("a", "c-2"));
        fakes.time.run();
        assertThat(added).isCompleted();
        assertThat(fakes.log).containsSubsequence("stop now", "start a", "apply", "report ENABLED");
        controller.delete("ns", "a", "c-a");
        fakes.time.run();
        assertThat(controller.status()).extracting(PodStatus::phase).containsExactly("ENABLED");
    }

    @Test
    void ignoresWhatIsSaidOfAFormerPodByTheSameName() throws Exception {
        fakes.directory.put(Fakes.pod("a", true, "old", ExistingConnections.KEEP, 0));
        Path path = netns("a", OWN);
        CompletableFuture<Void> added = controller.add(
                new Attachment("ns", "a", "new", "c", "eth0", path, NetworkNamespace.idOf(path), List.of()));
        fakes.time.run();
        assertThat(added).isNotDone();
        fakes.directory.put(Fakes.pod("a", true, "new", ExistingConnections.KEEP, 0));
        fakes.time.run();
        assertThat(added).isCompleted();
    }

    @Test
    void countsKeepsDrainsAndResetsConnectionsFromBefore() throws Exception {
        TcpSockets.Connection before = connection("10.0.0.1", 1000, "10.0.0.9", 80, 0);
        fakes.namespaces.connections = List.of(before, connection("10.0.0.1", 1001, "10.0.0.9", 80, 0x539));
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED 1 ");
        fakes.time.pass(Duration.ofMinutes(1));
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED 1 ");

        fakes.directory.put(Fakes.pod("a", true, "pod-a", ExistingConnections.DRAIN, 90));
        fakes.time.pass(Duration.ofSeconds(20));
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED 1 ");
        fakes.time.pass(Duration.ofSeconds(20));
        assertThat(fakes.log).contains("reset 1");
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED 0 ");
        assertThat(controller.counters().get(Event.RESET_CONNECTIONS)).isEqualTo(1);

        fakes.namespaces.connections = List.of(before);
        fakes.directory.put(Fakes.pod("b", true, "", ExistingConnections.RESET, 0));
        captured("b");
        assertThat(fakes.log).containsSubsequence("start b", "apply", "reset 1", "report ENABLED");
    }

    @Test
    void resetsWhatWasOpenedWhileAPodWasLeavingWhenItComesBack() throws Exception {
        fakes.directory.put(Fakes.pod("a", true, "", ExistingConnections.RESET, 0));
        captured("a");
        fakes.proxy.connections.put("c//Pod/ns/a", 1);
        fakes.directory.put(Fakes.pod("a", false, "", ExistingConnections.RESET, 0));
        fakes.time.pass(Duration.ofSeconds(4));
        assertThat(fakes.log).as("not captured, and not gone").contains("flush").doesNotContain("remove");
        fakes.namespaces.connections = List.of(connection("10.0.0.1", 1000, "10.0.0.9", 80, 0));
        fakes.directory.put(Fakes.pod("a", true, "", ExistingConnections.RESET, 0));
        fakes.time.run();
        assertThat(fakes.reporter.of("a")).startsWith("ENABLED");
        assertThat(fakes.log).contains("reset 1");
        assertThat(controller.counters().get(Event.RESET_CONNECTIONS)).isEqualTo(1);
    }

    @Test
    void matchesThePodsCgroupWhenThereIsOneAndDoesWithoutWhereItIsRefused() throws Exception {
        Path cgroup = directory.resolve("cgroup/kubepods.slice/kubepods-burstable.slice");
        fakes.directory.put(Fakes.pod("a", true, "11-22", ExistingConnections.KEEP, 0));
        captured("a");
        assertThat(fakes.log).contains("apply").doesNotContain("apply with cgroup");
        Files.createDirectories(cgroup.resolve("kubepods-burstable-pod11_22.slice"));
        fakes.time.pass(TICK);
        assertThat(fakes.log).endsWith("apply with cgroup", "report ENABLED");
        assertThat(fakes.reporter.of("a")).isEqualTo("ENABLED 0 ");

        Files.createDirectories(cgroup.resolve("kubepods-burstable-pod33.slice"));
        fakes.backend.refuseCgroups = true;
        fakes.directory.put(Fakes.pod("b", true, "33", ExistingConnections.KEEP, 0));
        assertThat(add("b")).isCompleted();
        assertThat(fakes.reporter.of("b")).contains("could evade capture: no such match");
    }

    @Test
    void saysOfAnOptedInPodThatNoCniCallHasNamedIt() {
        fakes.directory.put(Fakes.pod("a", true));
        fakes.time.run();
        assertThat(fakes.reporter.of("a")).startsWith("PENDING 0 its network namespace is not known");
    }

    @Test
    void removesTheRulesOfTheFormerBackendAfterItsOwnStand() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        Path state = directory.resolve("capture.json");
        Files.writeString(state, Files.readString(state).replace("\"fake\"", "\"nft\""));
        Fakes next = new Fakes();
        CaptureController restarted = controller(next, next.backend);
        assertThat(restarted.settled()).isTrue();
        assertThat(Files.readString(state)).contains("\"fake\"").doesNotContain("\"nft\"");
    }

    private static TcpSockets.Connection connection(String local, int localPort, String peer, int peerPort, int mark) {
        return new TcpSockets.Connection(socket(local, localPort), socket(peer, peerPort), mark);
    }

    private static InetSocketAddress socket(String host, int port) {
        return new InetSocketAddress(Netns.ip(host), port);
    }
}
