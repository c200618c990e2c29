package io.culvert.controlplane;

import static io.culvert.controlplane.Compiled.uid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.ReportPodsRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportBookTest {
    private final ReportBook book = new ReportBook();

    private static ReportPodsRequest report(String node, boolean snapshot, String... enabled) {
        ReportPodsRequest.Builder request =
                ReportPodsRequest.newBuilder().setNode(node).setSnapshot(snapshot);
        for (String name : enabled) {
            request.addPods(PodReport.newBuilder().setUid(uid(name)).setState(PodReport.State.ENABLED));
        }
        return request.build();
    }

    private void place(String pod, String node) {
        book.compiled(new Compiled().pod(pod, "10.0.0.1", node, "v1").delta());
    }

    @Test
    void aReportWaitsForItsPodAndGoesWithIt() {
        assertThat(book.report(report("n1", false, "a"))).isTrue();
        assertThat(book.drain().isEmpty()).isTrue();
        place("a", "n1");
        assertThat(book.drain().reports()).containsOnlyKeys(uid("a"));
        assertThat(book.report(report("n1", false, "a"))).isFalse();
        assertThat(book.drain().isEmpty()).isTrue();
        book.compiled(new Compiled().without(uid("a")).delta());
        assertThat(book.drain().removed()).containsExactly(uid("a"));
    }

    @Test
    void onlyTheNodeThatAPodRunsOnCounts() {
        place("a", "n1");
        book.report(report("n2", false, "a"));
        assertThat(book.drain().isEmpty()).isTrue();
        place("a", "n2");
        assertThat(book.drain().reports()).containsOnlyKeys(uid("a"));
        place("a", "n1");
        assertThat(book.drain().removed()).containsExactly(uid("a"));
    }

    @Test
    void whatASnapshotDoesNotNameIsNotCaptured() {
        place("a", "n1");
        place("b", "n1");
        book.report(report("n1", false, "a", "b"));
        assertThat(book.drain().reports()).hasSize(2);
        book.report(report("n1", true, "b"));
        assertThat(book.drain().removed()).containsExactly(uid("a"));
    }

    @Test
    void reportsSurviveOnDiskAndDamageIsNamed(@TempDir Path directory) throws Exception {
        ReportFile file = new ReportFile(directory.resolve("reports.bin"));
        assertThat(file.read()).isEmpty();
        book.report(report("n1", false, "a"));
        book.report(report("n2", false, "b"));
        file.write(book.all());
        assertThat(file.read()).isEqualTo(book.all());
        byte[] bytes = Files.readAllBytes(directory.resolve("reports.bin"));
        bytes[20] ^= 1;
        Files.write(directory.resolve("reports.bin"), bytes);
        assertThatIOException()
                .isThrownBy(file::read)
                .withMessageContaining(directory.resolve("reports.bin").toString())
                .withMessageContaining("damaged");
    }
}
