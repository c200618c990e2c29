package io.culvert.core.tls;

import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.Svid;
import io.culvert.identity.TrustBundle;
import io.culvert.identity.TrustDomain;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.math.BigInteger;
import java.net.URI;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A root for tests, and leafs of it that are as right or wrong as wished. */
final class TestAuthority {
    static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");

    private final TrustDomain trustDomain;
    private final X509Bundle root;

    TestAuthority(String trustDomain) throws Exception {
        this.trustDomain = new TrustDomain(trustDomain);
        this.root = new CertificateBuilder()
                .ecp256()
                .subject("CN=root of " + trustDomain)
                .notBefore(NOW.minusSeconds(86_400))
                .notAfter(NOW.plusSeconds(86_400))
                .setIsCertificateAuthority(true)
                .setKeyUsage(true, KeyUsage.keyCertSign, KeyUsage.cRLSign)
                .buildSelfSigned();
    }

    TrustBundle bundle() {
        return new TrustBundle(trustDomain, List.of(root.getCertificate()));
    }

    SpiffeId id(String serviceAccount) {
        return SpiffeId.forServiceAccount(trustDomain, "default", serviceAccount);
    }

    /** What the CA gives out. */
    Credentials credentials(String serviceAccount) throws Exception {
        return credentials(
                serviceAccount,
                leaf -> leaf.addSanUriName(URI.create(id(serviceAccount).toString()))
                        .addExtendedKeyUsageServerAuth()
                        .addExtendedKeyUsageClientAuth());
    }

    /** With what {@code change} adds to it: SANs and extended key usages are its matter. */
    Credentials credentials(String serviceAccount, UnaryOperator<CertificateBuilder> change) throws Exception {
        X509Bundle leaf = change.apply(leafBuilder()).buildIssuedBy(root);
        return credentials(serviceAccount, leaf);
    }

    /** As the CA's, but signed by its own key. */
    Credentials selfSigned(String serviceAccount) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        KeyPair keys = generator.generateKeyPair();
        X500Name name = new X500Name("CN=root of " + trustDomain);
        JcaX509v3CertificateBuilder leaf = new JcaX509v3CertificateBuilder(
                name,
                BigInteger.TWO,
                Date.from(NOW.minusSeconds(60)),
                Date.from(NOW.plusSeconds(60)),
                name,
                keys.getPublic());
        leaf.addExtension(
                Extension.subjectAlternativeName,
                true,
                new GeneralNames(new GeneralName(
                        GeneralName.uniformResourceIdentifier,
                        id(serviceAccount).toString())));
        leaf.addExtension(
                Extension.keyUsage,
                true,
                new org.bouncycastle.asn1.x509.KeyUsage(org.bouncycastle.asn1.x509.KeyUsage.digitalSignature));
        X509Certificate certificate = new JcaX509CertificateConverter()
                .getCertificate(leaf.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
        return new Credentials(new Svid(id(serviceAccount), List.of(certificate), keys.getPrivate()), bundle());
    }

    private Credentials credentials(String serviceAccount, X509Bundle leaf) {
        return new Credentials(
                new Svid(
                        id(serviceAccount),
                        List.of(leaf.getCertificate()),
                        leaf.getKeyPair().getPrivate()),
                bundle());
    }

    private static CertificateBuilder leafBuilder() {
        return new CertificateBuilder()
                .ecp256()
                .subject("CN=leaf")
                .notBefore(NOW.minusSeconds(60))
                .notAfter(NOW.plusSeconds(3600))
                .setKeyUsage(true, KeyUsage.digitalSignature);
    }
}
