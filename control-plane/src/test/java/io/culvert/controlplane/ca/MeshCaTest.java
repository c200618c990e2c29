package io.culvert.controlplane.ca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.identity.PeerVerifier;
import io.culvert.identity.RejectionReason;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import io.culvert.identity.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeshCaTest {
    private static final TrustDomain DOMAIN = new TrustDomain("cluster.local");
    private static final SpiffeId WEB = SpiffeId.forServiceAccount(DOMAIN, "default", "web");
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    private Path state;

    private Instant now = Instant.parse("2026-11-20T12:00:00Z");

    private MeshCa open() throws CaException {
        return MeshCa.open(state, DOMAIN, DAY, () -> now);
    }

    @Test
    void keepsItsRootAcrossRestarts() throws Exception {
        MeshCa first = open();
        X509Certificate before = first.sign(WEB, RootKeys.generate().getPublic(), DAY);
        MeshCa second = open();
        assertThat(second.root()).isEqualTo(first.root());
        assertThat(verify(before, second)).isEqualTo(new Verdict.Verified(WEB));
        assertThat(verify(second.sign(WEB, RootKeys.generate().getPublic(), DAY), first))
                .isEqualTo(new Verdict.Verified(WEB));
    }

    @Test
    void writesTheKeyForItsOwnerOnly() throws Exception {
        open();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state.resolve("root-key.pem"))))
                .isEqualTo("rw-------");
        assertThat(Files.readString(state.resolve("root-cert.pem"))).startsWith("-----BEGIN CERTIFICATE-----");
        try (var files = Files.list(state)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void givesCertificatesThatProveAWorkload() throws Exception {
        MeshCa ca = open();
        X509Certificate leaf = ca.sign(WEB, RootKeys.generate().getPublic(), Duration.ofSeconds(10));
        assertThat(verify(leaf, ca)).isEqualTo(new Verdict.Verified(WEB));
        assertThat(leaf.getNotAfter().toInstant()).isEqualTo(now.plusSeconds(10));
        assertThat(leaf.getNotBefore().toInstant()).isEqualTo(now.minus(MeshCa.BACKDATE));
        assertThat(leaf.getSubjectX500Principal().getName()).isEmpty();
        assertThat(leaf.getCriticalExtensionOIDs()).contains("2.5.29.17", "2.5.29.15", "2.5.29.19");
    }

    @Test
    void keepsLifetimesWithinItsLimits() throws Exception {
        MeshCa ca = open();
        assertThat(ca.clamp(Duration.ZERO)).isEqualTo(DAY);
        assertThat(ca.clamp(Duration.ofSeconds(-1))).isEqualTo(DAY);
        assertThat(ca.clamp(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(DAY);
        assertThat(ca.clamp(Duration.ofSeconds(1))).isEqualTo(MeshCa.MIN_TTL);
        assertThat(ca.clamp(Duration.ofHours(3))).isEqualTo(Duration.ofHours(3));
        Instant end = ca.root().getNotAfter().toInstant();
        now = end.minusSeconds(60);
        assertThat(ca.sign(WEB, RootKeys.generate().getPublic(), DAY)
                        .getNotAfter()
                        .toInstant())
                .isEqualTo(end);
        assertThatThrownBy(() -> MeshCa.open(state, DOMAIN, Duration.ofSeconds(1), () -> now))
                .hasMessageContaining("at least 5 s");
    }

    @Test
    void servesUnderItsNamesAndNotAsAWorkload() throws Exception {
        MeshCa ca = open();
        ServingCertificate serving = ca.serving(List.of("controller.mesh", "127.0.0.1", "fd00::1"));
        X509Certificate leaf = serving.chain().getFirst();
        assertThat(leaf.getSubjectAlternativeNames())
                .containsExactly(
                        List.of(2, "controller.mesh"), List.of(7, "127.0.0.1"), List.of(7, "fd00:0:0:0:0:0:0:1"));
        leaf.verify(ca.root().getPublicKey());
        assertThat(verify(leaf, ca))
                .isInstanceOfSatisfying(
                        Verdict.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectionReason.NO_SPIFFE_ID));
        assertThatThrownBy(() -> ca.serving(List.of())).hasMessageContaining("at least one name");
        assertThatThrownBy(() -> ca.serving(List.of("fd00::xyz"))).hasMessageContaining("\"fd00::xyz\" is neither");
    }

    @Test
    void finishesWhatACrashInterrupted() throws Exception {
        MeshCa first = open();
        Files.delete(state.resolve("root-cert.pem"));
        MeshCa second = open();
        X509Certificate before = first.sign(WEB, RootKeys.generate().getPublic(), DAY);
        assertThat(verify(before, second)).isEqualTo(new Verdict.Verified(WEB));
    }

    @Test
    void refusesToStartOnFilesThatDoNotFit() throws Exception {
        open();
        Path key = state.resolve("root-key.pem");
        Path certificate = state.resolve("root-cert.pem");
        String goodKey = Files.readString(key);
        assertThatThrownBy(() -> MeshCa.open(state, new TrustDomain("other"), DAY, () -> now))
                .hasMessageContaining("is the root of trust domain cluster.local, not of other");

        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(this::open).hasMessageContaining("chmod 600 " + key);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));

        Files.writeString(key, "nonsense");
        assertThatThrownBy(this::open).isInstanceOf(CaException.class).hasMessageContaining("holds no PKCS#8 key");

        Path elsewhere = Files.createDirectory(state.resolve("elsewhere"));
        MeshCa.open(elsewhere, DOMAIN, DAY, () -> now);
        Files.writeString(key, Files.readString(elsewhere.resolve("root-key.pem")));
        assertThatThrownBy(this::open).hasMessageContaining("is not the key of " + certificate);

        Files.delete(key);
        assertThatThrownBy(this::open).hasMessageContaining("is there but its key " + key + " is not");

        Files.writeString(key, goodKey);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        now = now.plus(Duration.ofDays(4000));
        assertThatThrownBy(this::open).hasMessageContaining("expired at");
    }

    private Verdict verify(X509Certificate leaf, MeshCa by) {
        return new PeerVerifier().verify(List.of(leaf), by.bundle(), now);
    }
}
