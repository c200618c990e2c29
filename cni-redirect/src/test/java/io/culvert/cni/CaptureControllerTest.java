package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.core.linux.NetworkNamespace;
import io.culvert.proto.node.ExistingConnections;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How the controller enrols pods and lets them go. */
class CaptureControllerTest extends CaptureScene {
    private static final String EVADE =
            "processes with CAP_NET_RAW could evade capture: the pod's cgroup v2 is not known";

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
    void takesOverAChangedPodWithoutLettingPeersNotice() throws Exception {
        fakes.directory.put(Fakes.pod("a", true));
        captured("a");
        fakes.log.clear();
        fakes.directory.put(Fakes.pod("a", true, "pod-a", ExistingConnections.DRAIN, 5));
        fakes.time.run();
        assertThat(fakes.log).containsExactly("start a", "apply");
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
}
