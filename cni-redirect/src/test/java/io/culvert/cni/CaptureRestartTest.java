package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.node.ExistingConnections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What an agent takes over from the one before it: adopted pods, those that were leaving, the former backend's rules. */
class CaptureRestartTest extends CaptureScene {
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
}
