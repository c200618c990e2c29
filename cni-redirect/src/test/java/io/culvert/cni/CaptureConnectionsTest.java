package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.cni.CaptureCounters.Event;
import io.culvert.proto.node.ExistingConnections;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of the connections that a pod had before it was captured. */
class CaptureConnectionsTest extends CaptureScene {
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
}
