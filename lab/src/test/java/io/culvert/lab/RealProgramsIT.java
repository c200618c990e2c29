package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.demo.DemoCluster;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        new DemoCluster(lab.lab()).awaitMesh("mesh");
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

    @ParameterizedTest(name = "by IPv{0}")
    @ValueSource(ints = {4, 6})
    void aLargeUploadArrivesWhole(int family) {
        String upload = "head -c 104857600 /dev/urandom > /tmp/up && sha256sum < /tmp/up && curl -sSf -" + family
                + " -T /tmp/up http://files/put/up" + family + " && rm /tmp/up";
        String kept = lab.pod("client").exec(LONG, "sh", "-c", upload).orThrow();
        String got = lab.pod("files")
                .exec(LONG, "sh", "-c", "sha256sum < /tmp/www/put/up" + family)
                .orThrow();
        assertThat(got.substring(0, 64)).isEqualTo(kept.substring(0, 64));
    }

    /** socat closes its sending side at the end of its input, and waits for the answer. */
    @Test
    void aProgramThatHalfClosesGetsItsAnswer() throws Exception {
        Process server = new ProcessBuilder(
                        lab.pod("files").command(List.of("socat", "TCP6-LISTEN:7000,reuseaddr", "SYSTEM:sha256sum")))
                .start();
        Netns files =
                new Netns(lab.pod("files").networkNamespace().getFileName().toString());
        try {
            Poll.untilTrue(
                    LONG,
                    "socat does not listen",
                    () -> !files.shell("ss -Hltn 'sport = :7000'").isBlank());
            ExecResult answer = lab.pod("client")
                    .exec(
                            LONG,
                            "sh",
                            "-c",
                            "head -c 20000000 /dev/zero | socat -t 30 - TCP4:"
                                    + lab.pod("files").ip4() + ":7000");
            assertThat(answer.orThrow())
                    .as("the checksum of 20 MB of zeros")
                    .startsWith(lab.pod("client")
                            .sh("head -c 20000000 /dev/zero | sha256sum")
                            .orThrow()
                            .substring(0, 64));
        } finally {
            Command.kill(server.toHandle());
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
