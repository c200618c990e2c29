package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.core.tls.KeyAgreement;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class WaypointConfigTest {
    private static final List<String> NEEDED = List.of(
            "--name=wp",
            "--namespace=shop",
            "--node=n1",
            "--xds=unix:/run/c.sock",
            "--node-token=token",
            "--state-dir=state");

    @Test
    void defaultsAreAsDocumented() throws UsageException {
        WaypointConfig config = WaypointConfig.read(NEEDED, Map.of());
        assertThat(config)
                .isEqualTo(new WaypointConfig(
                        "wp",
                        "shop",
                        "wp",
                        "wp",
                        "n1",
                        "",
                        "Kubernetes",
                        "cluster.local",
                        "cluster.local",
                        "istio-system",
                        false,
                        new AgentConfig.Control("unix:/run/c.sock", "unix:/run/c.sock", null, Path.of("token")),
                        Path.of("state"),
                        Duration.ofHours(24),
                        0,
                        TransportChoice.AUTO,
                        KeyAgreement.HYBRID,
                        15008,
                        Duration.ofSeconds(5),
                        16_384,
                        new AgentConfig.Ports(15000, 15020, 15021),
                        Duration.ofSeconds(25),
                        "-",
                        "info"));
        assertThat(config.identity()).hasToString("spiffe://cluster.local/ns/shop/sa/wp");
        assertThat(config.effective())
                .hasSize(WaypointConfig.OPTIONS.size())
                .containsEntry("node-token", "token (redacted)");
    }

    @Test
    void everyOptionIsMapped() throws UsageException {
        WaypointConfig config = WaypointConfig.read(
                List.of(
                        "--name=wp",
                        "--namespace=shop",
                        "--pod=wp-7",
                        "--service-account=gate",
                        "--node=n1",
                        "--network=net1",
                        "--cluster-id=east",
                        "--trust-domain=example.org",
                        "--cluster-domain=cluster.test",
                        "--root-namespace=mesh-root",
                        "--istio-labels",
                        "--xds=https://c:15012",
                        "--ca=unix:/ca",
                        "--root-cert=root.pem",
                        "--node-token=token",
                        "--state-dir=state",
                        "--cert-ttl=1h",
                        "--threads=2",
                        "--transport=epoll",
                        "--key-agreement=classical",
                        "--hbone-port=16008",
                        "--detect-wait=1s",
                        "--max-connections=7",
                        "--admin-port=1",
                        "--metrics-port=2",
                        "--ready-port=3",
                        "--drain=10s",
                        "--access-log=log",
                        "--log-level=debug"),
                Map.of());
        assertThat(config)
                .isEqualTo(new WaypointConfig(
                        "wp",
                        "shop",
                        "wp-7",
                        "gate",
                        "n1",
                        "net1",
                        "east",
                        "example.org",
                        "cluster.test",
                        "mesh-root",
                        true,
                        new AgentConfig.Control("https://c:15012", "unix:/ca", Path.of("root.pem"), Path.of("token")),
                        Path.of("state"),
                        Duration.ofHours(1),
                        2,
                        TransportChoice.EPOLL,
                        KeyAgreement.CLASSICAL,
                        16008,
                        Duration.ofSeconds(1),
                        7,
                        new AgentConfig.Ports(1, 2, 3),
                        Duration.ofSeconds(10),
                        "log",
                        "debug"));
    }

    @Test
    void allFaultsAreToldTogether() {
        assertThatThrownBy(
                        () -> WaypointConfig.read(List.of("--name=wp", "--detect-wait=0s", "--hbone-pot=1"), Map.of()))
                .asInstanceOf(InstanceOfAssertFactories.type(UsageException.class))
                .extracting(UsageException::faults, InstanceOfAssertFactories.list(String.class))
                .anySatisfy(fault -> assertThat(fault).contains("--namespace is required"))
                .anySatisfy(fault -> assertThat(fault).contains("--detect-wait \"0s\""))
                .anySatisfy(fault -> assertThat(fault).contains("--hbone-pot", "--hbone-port"));
    }
}
