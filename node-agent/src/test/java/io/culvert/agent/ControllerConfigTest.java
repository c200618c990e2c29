package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ControllerConfigTest {
    @Test
    void defaultsAreAsDocumented() throws UsageException {
        ControllerConfig config = ControllerConfig.read(
                List.of("--config", "conf", "--state-dir", "state", "--unix", "/run/c.sock", "--node-tokens", "tokens"),
                Map.of());
        assertThat(config)
                .isEqualTo(new ControllerConfig(
                        Path.of("conf"),
                        Path.of("state"),
                        Path.of("/run/c.sock"),
                        null,
                        Path.of("tokens"),
                        new ControllerConfig.Mesh(
                                "cluster.local", "Kubernetes", "cluster.local", "istio-system", "", false),
                        0,
                        Duration.ofHours(24),
                        "info"));
        assertThat(ControllerMain.settings(config).compiler()).isEqualTo(io.culvert.config.CompilerSettings.DEFAULTS);
    }

    @Test
    void everyOptionIsMapped() throws UsageException {
        ControllerConfig config = ControllerConfig.read(
                List.of(
                        "--config=conf",
                        "--state-dir=state",
                        "--unix=/u",
                        "--listen=[::]:15010",
                        "--tls-name=control.local, 10.0.0.1",
                        "--node-tokens=tokens",
                        "--trust-domain=example.org",
                        "--cluster-id=east",
                        "--cluster-domain=cluster.test",
                        "--root-namespace=mesh-root",
                        "--network=net1",
                        "--istio-labels",
                        "--admin-port=15100",
                        "--cert-ttl-max=1h",
                        "--log-level=debug"),
                Map.of());
        assertThat(config)
                .isEqualTo(new ControllerConfig(
                        Path.of("conf"),
                        Path.of("state"),
                        Path.of("/u"),
                        new ControllerConfig.Tcp("::", 15010, List.of("control.local", "10.0.0.1")),
                        Path.of("tokens"),
                        new ControllerConfig.Mesh("example.org", "east", "cluster.test", "mesh-root", "net1", true),
                        15100,
                        Duration.ofHours(1),
                        "debug"));
    }

    @Test
    void allFaultsAreReportedTogether() {
        assertThatThrownBy(() -> ControllerConfig.read(
                        List.of("--config", "conf", "--node-tokens", "t", "--listen", "15010", "--admin-port", "-1"),
                        Map.of()))
                .asInstanceOf(type(UsageException.class))
                .satisfies(e -> assertThat(e.faults())
                        .satisfiesExactlyInAnyOrder(
                                f -> assertThat(f).contains("--state-dir is required"),
                                f -> assertThat(f).contains("--listen \"15010\"", "HOST:PORT"),
                                f -> assertThat(f).contains("--admin-port \"-1\"", "0 to 65535")));
    }

    @Test
    void aControllerThatNobodyCanReachIsRefused() {
        List<String> silent = List.of("--config", "conf", "--node-tokens", "t", "--state-dir", "s");
        assertThatThrownBy(() -> ControllerConfig.read(silent, Map.of()))
                .hasMessageContaining("--unix PATH or --listen HOST:PORT is required");
        assertThatThrownBy(() -> ControllerConfig.read(silent, Map.of("CULVERT_LISTEN", "0.0.0.0:1")))
                .hasMessageContaining("CULVERT_LISTEN")
                .hasMessageContaining("--tls-name NAME,... is required");
    }
}
