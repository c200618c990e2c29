package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.culvert.core.tls.KeyAgreement;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AgentConfigTest {
    private static final List<String> REQUIRED = List.of(
            "--node", "node-1",
            "--xds", "unix:/run/ctl.sock",
            "--node-token", "/etc/token",
            "--state-dir", "/var/lib/culvert",
            "--cni-socket", "/run/cni.sock");

    @Test
    void defaultsAreAsDocumented() throws UsageException {
        AgentConfig config = AgentConfig.read(REQUIRED, Map.of());
        assertThat(config)
                .isEqualTo(new AgentConfig(
                        "node-1",
                        "",
                        "Kubernetes",
                        "cluster.local",
                        new AgentConfig.Control(
                                "unix:/run/ctl.sock", "unix:/run/ctl.sock", null, Path.of("/etc/token")),
                        Path.of("/var/lib/culvert"),
                        Path.of("/run/cni.sock"),
                        Duration.ofHours(24),
                        0,
                        TransportChoice.AUTO,
                        false,
                        KeyAgreement.HYBRID,
                        AgentConfig.Rules.AUTO,
                        new AgentConfig.Ports(AgentConfig.ADMIN_PORT, AgentConfig.METRICS_PORT, AgentConfig.READY_PORT),
                        Duration.ofSeconds(25),
                        "-",
                        "info"));
    }

    @Test
    void everyOptionIsMapped() throws UsageException {
        AgentConfig config = AgentConfig.read(
                List.of(
                        "--node=n",
                        "--xds=https://control:15010",
                        "--ca=https://[fd00::1]:15012",
                        "--root-cert=/etc/root.pem",
                        "--node-token=/t",
                        "--state-dir=/s",
                        "--cni-socket=/c",
                        "--network=net1",
                        "--cluster-id=east",
                        "--trust-domain=example.org",
                        "--cert-ttl=10s",
                        "--threads=2",
                        "--force-tunnel",
                        "--transport=io_uring",
                        "--key-agreement=classical",
                        "--rules=iptables-legacy",
                        "--admin-port=1",
                        "--metrics-port=2",
                        "--ready-port=3",
                        "--drain=1m30s",
                        "--access-log=/var/log/access",
                        "--log-level=warn,io.culvert=debug"),
                Map.of());
        assertThat(config)
                .isEqualTo(new AgentConfig(
                        "n",
                        "net1",
                        "east",
                        "example.org",
                        new AgentConfig.Control(
                                "https://control:15010",
                                "https://[fd00::1]:15012",
                                Path.of("/etc/root.pem"),
                                Path.of("/t")),
                        Path.of("/s"),
                        Path.of("/c"),
                        Duration.ofSeconds(10),
                        2,
                        TransportChoice.IO_URING,
                        true,
                        KeyAgreement.CLASSICAL,
                        AgentConfig.Rules.IPTABLES_LEGACY,
                        new AgentConfig.Ports(1, 2, 3),
                        Duration.ofSeconds(90),
                        "/var/log/access",
                        "warn,io.culvert=debug"));
        assertThat(config.effective()).hasSize(AgentConfig.OPTIONS.size());
        assertThat(config.effective().keySet())
                .containsExactlyInAnyOrderElementsOf(
                        AgentConfig.OPTIONS.stream().map(Option::name).toList());
    }

    @Test
    void theEnvironmentMirrorsOptionsAndTheCommandLineWins() throws UsageException {
        AgentConfig config = AgentConfig.read(
                with("--drain", "5s"),
                Map.of("CULVERT_DRAIN", "7s", "CULVERT_CERT_TTL", "1h", "CULVERT_FORCE_TUNNEL", "true"));
        assertThat(config.drain()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.certTtl()).isEqualTo(Duration.ofHours(1));
        assertThat(config.forceTunnel()).isTrue();
    }

    @Test
    void allFaultsAreReportedTogether() {
        assertThatThrownBy(() -> AgentConfig.read(
                        List.of(
                                "--xds",
                                "http://control",
                                "--node-token",
                                "/t",
                                "--state-dir",
                                "/s",
                                "--cni-socket",
                                "relative",
                                "--trust-domain",
                                "Example.Org",
                                "--threads",
                                "many",
                                "--drian",
                                "5s",
                                "--rules",
                                "ebpf",
                                "--transport=kqueue",
                                "--key-agreement=rsa",
                                "--admin-port",
                                "15020",
                                "stray"),
                        Map.of("CULVERT_CERT_TTL", "1")))
                .asInstanceOf(type(UsageException.class))
                .satisfies(e -> assertThat(e.faults())
                        .satisfiesExactlyInAnyOrder(
                                f -> assertThat(f).contains("unknown option --drian", "did you mean --drain?"),
                                f -> assertThat(f).contains("unexpected argument \"stray\""),
                                f -> assertThat(f).contains("--node is required", "CULVERT_NODE"),
                                f -> assertThat(f).contains("--trust-domain", "upper-case letter E"),
                                f -> assertThat(f).contains("--xds \"http://control\"", "unix:/PATH"),
                                f -> assertThat(f).contains("--cni-socket \"relative\"", "absolute"),
                                f -> assertThat(f).contains("CULVERT_CERT_TTL \"1\"", "24h"),
                                f -> assertThat(f).contains("--threads \"many\"", "whole number"),
                                f -> assertThat(f).contains("--transport \"kqueue\"", "auto, epoll or io_uring"),
                                f -> assertThat(f).contains("--key-agreement \"rsa\"", "classical"),
                                f -> assertThat(f).contains("--rules \"ebpf\"", "iptables-nft"),
                                f -> assertThat(f).contains("must differ", "15020")));
    }

    @Test
    void aTlsControlPlaneNeedsItsRoot() {
        assertThatThrownBy(() -> AgentConfig.read(with("--xds", "https://control:15010"), Map.of()))
                .hasMessageContaining("--root-cert FILE is required")
                .hasMessageContaining("root-cert.pem");
    }

    @Test
    void aSocketPathThatTheKernelCannotTakeIsRefused() {
        assertThatThrownBy(() -> AgentConfig.read(with("--cni-socket", "/" + "x".repeat(107)), Map.of()))
                .hasMessageContaining("107 bytes");
    }

    @Test
    void anOptionWithoutItsValueIsAFault() {
        assertThatThrownBy(() -> AgentConfig.read(with("--drain"), Map.of()))
                .hasMessageContaining("--drain needs a value: --drain DURATION");
    }

    private static List<String> with(String... more) {
        List<String> arguments = new ArrayList<>(REQUIRED);
        arguments.addAll(List.of(more));
        return arguments;
    }
}
