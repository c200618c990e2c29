package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the controller finds changed, and what it cannot do at once: rules, listeners, namespaces, tools that fail. */
class CaptureHealingTest extends CaptureScene {
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
}
