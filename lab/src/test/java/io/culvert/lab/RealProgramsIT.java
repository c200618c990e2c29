package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.demo.DemoCluster;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Programs as they come from Debian, across nodes. */
@Tag("netns")
class RealProgramsIT {
    private static final Duration LONG = Duration.ofSeconds(60);

    @RegisterExtension
    static final LabExtension lab = new LabExtension(
            LabExtension.resource("mesh.yaml") + "---\n" + LabExtension.resource("programs.yaml"),
            LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        lab.lab().pods().stream()
                .filter(pod -> pod.namespace().equals("mesh"))
                .forEach(pod -> cluster.awaitMeshed(pod, true));
    }

    @Test
    void aLargeDownloadArrivesWhole() {
        String kept = lab.pod("files").exec(LONG, "sha256sum", "/tmp/www/large").orThrow();
        String got = lab.pod("client")
                .exec(LONG, "sh", "-c", "curl -sSf http://files/large | sha256sum")
                .orThrow();
        assertThat(got.substring(0, 64)).isEqualTo(kept.substring(0, 64));
    }

    @Test
    void aSlowDownloadIsNotHurried() {
        ExecResult part = lab.pod("client")
                .exec(LONG, "curl", "-sS", "-m", "3", "-o", "/dev/null", "-w", "%{size_download}", "http://files/slow");
        assertThat(part.exit()).as(part.describe()).isEqualTo(28);
        assertThat(Long.parseLong(part.out().strip()))
                .as("bytes in three seconds at 4 MB/s")
                .isBetween(8_000_000L, 20_000_000L);
    }

    @Test
    void iperfMeasuresBothDirections() throws Exception {
        for (String direction : new String[] {"", "-R"}) {
            ExecResult run = lab.pod("client").exec(LONG, "sh", "-c", "iperf3 -c iperf -t 2 -P 4 -J " + direction);
            JsonNode end = new ObjectMapper().readTree(run.orThrow()).path("end");
            assertThat(end.path("sum_received").path("bytes").asLong())
                    .as(run.describe())
                    .isGreaterThan(10_000_000);
        }
    }

    @Test
    void curlUploads() {
        ExecResult upload = lab.pod("client")
                .exec(
                        LONG,
                        "sh",
                        "-c",
                        "head -c 900000 /dev/zero | curl -sS -o /dev/null -w '%{http_code} %{size_upload}'"
                                + " --data-binary @- http://files/large");
        assertThat(upload.orThrow())
                .as("nginx refuses POST on files, after reading it")
                .isEqualTo("405 900000");
    }
}
