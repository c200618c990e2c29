package io.culvert.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.identity.TestCa.Leaf;
import io.culvert.identity.Verdict.Rejected;
import io.culvert.identity.Verdict.Verified;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PeerVerifierTest {
    private static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");
    private static final String WEB = "spiffe://cluster.local/ns/default/sa/web";

    private final PeerVerifier verifier = new PeerVerifier();
    private final TestCa ca = new TestCa("cluster.local", () -> NOW);
    private final KeyPair keys = TestCa.newKeys();

    static Stream<Arguments> goodLeafs() {
        return Stream.of(
                good("as the CA makes them", leaf -> leaf.uri(WEB)),
                good(
                        "with DNS names beside the ID",
                        leaf -> leaf.dns("a.example").uri(WEB).dns("b.example")),
                good("without extended key usage", leaf -> leaf.uri(WEB).purposes()),
                good(
                        "with key encipherment, as Istio's",
                        leaf -> leaf.uri(WEB).usage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment)),
                good(
                        "with a subject and a SAN that is not critical",
                        leaf -> leaf.uri(WEB).subject("O=mesh").sanNotCritical()),
                good("until this very second", leaf -> leaf.uri(WEB).until(NOW)),
                good(
                        "that begins within the tolerance",
                        leaf -> leaf.uri(WEB).from(NOW.plus(PeerVerifier.NOT_BEFORE_TOLERANCE))));
    }

    static Stream<Arguments> badLeafs() {
        return Stream.of(
                bad(RejectionReason.NO_SPIFFE_ID, "no URI SAN", leaf -> leaf.subject("CN=web")),
                bad(RejectionReason.NO_SPIFFE_ID, "no URI SAN", leaf -> leaf.dns("web.default.svc")),
                bad(
                        RejectionReason.SEVERAL_URI_SANS,
                        "2 URI SANs",
                        leaf -> leaf.uri(WEB).uri("spiffe://cluster.local/ns/default/sa/shop")),
                bad(
                        RejectionReason.SEVERAL_URI_SANS,
                        "2 URI SANs",
                        leaf -> leaf.uri(WEB).uri("https://web.example")),
                bad(RejectionReason.BAD_SPIFFE_ID, "does not start", leaf -> leaf.uri("https://cluster.local/x")),
                bad(RejectionReason.BAD_SPIFFE_ID, "query", leaf -> leaf.uri(WEB + "?x")),
                bad(
                        RejectionReason.MALFORMED,
                        "byte 00",
                        leaf -> leaf.uri(WEB + "\0.evil").subject("CN=web").sanNotCritical()),
                bad(RejectionReason.NO_WORKLOAD_PATH, "not a workload", leaf -> leaf.uri("spiffe://cluster.local")),
                bad(
                        RejectionReason.WRONG_TRUST_DOMAIN,
                        "accepted are [cluster.local]",
                        leaf -> leaf.uri("spiffe://other.example/ns/default/sa/web")),
                bad(RejectionReason.LEAF_IS_CA, "CA's", leaf -> leaf.uri(WEB).ca(true)),
                bad(
                        RejectionReason.KEY_USAGE,
                        "no key usage",
                        leaf -> leaf.uri(WEB).usage(0)),
                bad(
                        RejectionReason.KEY_USAGE,
                        "not critical",
                        leaf -> leaf.uri(WEB).usageNotCritical()),
                bad(
                        RejectionReason.KEY_USAGE,
                        "without digitalSignature",
                        leaf -> leaf.uri(WEB).usage(KeyUsage.keyAgreement)),
                bad(
                        RejectionReason.KEY_USAGE,
                        "of a CA",
                        leaf -> leaf.uri(WEB).usage(KeyUsage.digitalSignature | KeyUsage.keyCertSign)),
                bad(
                        RejectionReason.KEY_USAGE,
                        "of a CA",
                        leaf -> leaf.uri(WEB).usage(KeyUsage.digitalSignature | KeyUsage.cRLSign)),
                bad(
                        RejectionReason.EXTENDED_KEY_USAGE,
                        "servers and clients",
                        leaf -> leaf.uri(WEB).purposes(KeyPurposeId.id_kp_serverAuth)),
                bad(
                        RejectionReason.EXTENDED_KEY_USAGE,
                        "servers and clients",
                        leaf -> leaf.uri(WEB).purposes(KeyPurposeId.id_kp_codeSigning)),
                bad(
                        RejectionReason.SAN_NOT_CRITICAL,
                        "not critical",
                        leaf -> leaf.uri(WEB).sanNotCritical()),
                bad(RejectionReason.EXPIRED, "expired at", leaf -> leaf.uri(WEB).until(NOW.minusSeconds(1))),
                bad(
                        RejectionReason.NOT_YET_VALID,
                        "check the clocks",
                        leaf -> leaf.uri(WEB).from(NOW.plusSeconds(31))));
    }

    private static Arguments good(String name, UnaryOperator<Leaf> change) {
        return Arguments.of(name, change);
    }

    private static Arguments bad(RejectionReason reason, String detail, UnaryOperator<Leaf> change) {
        return Arguments.of(reason, detail, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("goodLeafs")
    void acceptsLeafs(String name, UnaryOperator<Leaf> change) {
        assertThat(verify(change)).isEqualTo(new Verified(ca.id("web")));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("badLeafs")
    void rejectsLeafs(RejectionReason reason, String detail, UnaryOperator<Leaf> change) {
        assertRejected(verify(change), reason, detail);
    }

    @Test
    void rejectsNothingAndTooMuch() {
        assertRejected(verifier.verify(List.of(), ca.bundle(), NOW), RejectionReason.NO_CERTIFICATE, "no certificate");
        X509Certificate leaf = ca.leaf().uri(WEB).signedBy(ca.root, ca.keys, keys.getPublic());
        List<X509Certificate> nine = java.util.Collections.nCopies(9, leaf);
        assertRejected(verifier.verify(nine, ca.bundle(), NOW), RejectionReason.BAD_CHAIN, "at most 8");
    }

    @Test
    void rejectsWhatTheTrustDomainDidNotSign() {
        X509Certificate self = ca.leaf().subject("CN=web").uri(WEB).selfSigned(keys);
        assertRejected(verifier.verify(List.of(self), ca.bundle(), NOW), RejectionReason.BAD_CHAIN, "no authority");

        TestCa namesake = new TestCa("cluster.local", () -> NOW);
        X509Certificate forged = namesake.leaf().uri(WEB).signedBy(namesake.root, namesake.keys, keys.getPublic());
        assertRejected(
                verifier.verify(List.of(forged, namesake.root), ca.bundle(), NOW),
                RejectionReason.BAD_CHAIN,
                "no valid path");
    }

    @Test
    void rejectsAnIdSignedByAnotherTrustDomainThatIsAcceptedToo() {
        TestCa east = new TestCa("east.example", () -> NOW);
        TrustBundles both = TrustBundles.of(List.of(ca.bundle(), east.bundle()));
        X509Certificate visitor = east.leaf()
                .uri("spiffe://east.example/ns/default/sa/web")
                .signedBy(east.root, east.keys, keys.getPublic());
        assertThat(verifier.verify(List.of(visitor), both, NOW)).isEqualTo(new Verified(east.id("web")));

        X509Certificate forged = east.leaf().uri(WEB).signedBy(east.root, east.keys, keys.getPublic());
        assertRejected(verifier.verify(List.of(forged), both, NOW), RejectionReason.BAD_CHAIN, "no authority");
    }

    @Test
    void followsIntermediatesAndIgnoresWhatComesBehindTheRoot() {
        KeyPair signerKeys = TestCa.newKeys();
        X509Certificate signer = signer(signerKeys, ca.leaf().uri("spiffe://cluster.local"));
        X509Certificate leaf = ca.leaf().uri(WEB).signedBy(signer, signerKeys, keys.getPublic());
        X509Certificate stranger = new TestCa("x.example", () -> NOW).root;

        assertThat(verifier.verify(List.of(leaf, signer), ca.bundle(), NOW)).isInstanceOf(Verified.class);
        assertThat(verifier.verify(List.of(leaf, signer, ca.root, stranger), ca.bundle(), NOW))
                .isInstanceOf(Verified.class);
        assertRejected(verifier.verify(List.of(leaf), ca.bundle(), NOW), RejectionReason.BAD_CHAIN, "no authority");
    }

    @Test
    void rejectsSignersThatAreNone() {
        KeyPair signerKeys = TestCa.newKeys();
        X509Certificate workload =
                ca.leaf().subject("CN=web").uri(WEB).signedBy(ca.root, ca.keys, signerKeys.getPublic());
        X509Certificate leaf = ca.leaf().uri(WEB).signedBy(workload, signerKeys, keys.getPublic());
        assertRejected(
                verifier.verify(List.of(leaf, workload), ca.bundle(), NOW), RejectionReason.SIGNER_ID, "but states");

        X509Certificate noCa = ca.leaf().subject("CN=no CA").signedBy(ca.root, ca.keys, signerKeys.getPublic());
        X509Certificate byNoCa = ca.leaf().uri(WEB).signedBy(noCa, signerKeys, keys.getPublic());
        assertRejected(
                verifier.verify(List.of(byNoCa, noCa), ca.bundle(), NOW), RejectionReason.BAD_CHAIN, "no valid path");

        X509Certificate old = signer(signerKeys, ca.leaf().until(NOW.minusSeconds(1)));
        X509Certificate byOld = ca.leaf().uri(WEB).signedBy(old, signerKeys, keys.getPublic());
        assertRejected(verifier.verify(List.of(byOld, old), ca.bundle(), NOW), RejectionReason.EXPIRED, "expired at");
    }

    private X509Certificate signer(KeyPair signerKeys, Leaf leaf) {
        return leaf.subject("CN=signer")
                .ca(true)
                .usage(KeyUsage.keyCertSign)
                .signedBy(ca.root, ca.keys, signerKeys.getPublic());
    }

    private Verdict verify(UnaryOperator<Leaf> change) {
        X509Certificate leaf = change.apply(ca.leaf()).signedBy(ca.root, ca.keys, keys.getPublic());
        return verifier.verify(List.of(leaf), ca.bundle(), NOW);
    }

    private static void assertRejected(Verdict verdict, RejectionReason reason, String detail) {
        assertThat(verdict).isInstanceOfSatisfying(Rejected.class, rejected -> {
            assertThat(rejected.reason()).isEqualTo(reason);
            assertThat(rejected.detail()).contains(detail);
        });
    }
}
