package io.culvert.identity;

import java.io.StringReader;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/** A CA for tests: certificates as they should be, or wrong in one thing. */
final class TestCa implements CertificateSigner {
    private static final AtomicLong SERIAL = new AtomicLong(1);

    final TrustDomain trustDomain;
    final KeyPair keys = newKeys();
    final X509Certificate root;
    private final InstantSource clock;

    TestCa(String trustDomain, InstantSource clock) {
        this.trustDomain = new TrustDomain(trustDomain);
        this.clock = clock;
        Leaf self = leaf().subject("CN=root of " + trustDomain).ca(true).usage(KeyUsage.keyCertSign | KeyUsage.cRLSign);
        this.root = self.until(clock.instant().plus(Duration.ofDays(3650))).selfSigned(keys);
    }

    static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(256);
            return generator.generateKeyPair();
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    SpiffeId id(String serviceAccount) {
        return SpiffeId.forServiceAccount(trustDomain, "default", serviceAccount);
    }

    TrustBundle bundle() {
        return new TrustBundle(trustDomain, List.of(root));
    }

    Leaf leaf() {
        return new Leaf(clock.instant());
    }

    @Override
    public CompletableFuture<SignedCertificate> sign(SpiffeId id, String csrPem, Duration ttl) {
        try (PEMParser parser = new PEMParser(new StringReader(csrPem))) {
            PublicKey key =
                    new JcaPKCS10CertificationRequest((PKCS10CertificationRequest) parser.readObject()).getPublicKey();
            X509Certificate leaf =
                    leaf().uri(id.toString()).until(clock.instant().plus(ttl)).signedBy(root, keys, key);
            return CompletableFuture.completedFuture(new SignedCertificate(List.of(leaf), List.of(root)));
        } catch (java.io.IOException | java.security.GeneralSecurityException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** A certificate in the making. */
    static final class Leaf {
        private final java.util.List<GeneralName> names = new java.util.ArrayList<>();
        private Instant from;
        private Instant until;
        private String subject = "";
        private boolean ca;
        private boolean sanCritical = true;
        private boolean usageCritical = true;
        private int usage = KeyUsage.digitalSignature;
        private KeyPurposeId[] purposes = {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth};

        private Leaf(Instant now) {
            from = now.minusSeconds(60);
            until = now.plusSeconds(3600);
        }

        Leaf uri(String uri) {
            names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
            return this;
        }

        Leaf dns(String name) {
            names.add(new GeneralName(GeneralName.dNSName, name));
            return this;
        }

        Leaf from(Instant instant) {
            from = instant;
            return this;
        }

        Leaf until(Instant instant) {
            until = instant;
            return this;
        }

        Leaf subject(String name) {
            subject = name;
            return this;
        }

        Leaf ca(boolean isCa) {
            ca = isCa;
            return this;
        }

        /** Zero leaves the extension out. */
        Leaf usage(int bits) {
            usage = bits;
            return this;
        }

        Leaf usageNotCritical() {
            usageCritical = false;
            return this;
        }

        Leaf sanNotCritical() {
            sanCritical = false;
            return this;
        }

        /** None leaves the extension out. */
        Leaf purposes(KeyPurposeId... ids) {
            purposes = ids;
            return this;
        }

        X509Certificate selfSigned(KeyPair keys) {
            return build(new X500Name(subject), keys, keys.getPublic());
        }

        X509Certificate signedBy(X509Certificate issuer, KeyPair issuerKeys, PublicKey key) {
            return build(X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()), issuerKeys, key);
        }

        private X509Certificate build(X500Name issuer, KeyPair issuerKeys, PublicKey key) {
            try {
                JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                        issuer,
                        BigInteger.valueOf(SERIAL.getAndIncrement()),
                        Date.from(from),
                        Date.from(until),
                        new X500Name(subject),
                        key);
                builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(ca));
                if (usage != 0) {
                    builder.addExtension(Extension.keyUsage, usageCritical, new KeyUsage(usage));
                }
                if (purposes.length > 0 && !ca) {
                    builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
                }
                if (!names.isEmpty()) {
                    builder.addExtension(
                            Extension.subjectAlternativeName,
                            sanCritical,
                            new GeneralNames(names.toArray(new GeneralName[0])));
                }
                // The JDK's parser refuses some faults by itself; what the verifier must see all the same is read
                // leniently.
                JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
                return (sanCritical || !subject.isEmpty()
                                ? converter
                                : converter.setProvider(new BouncyCastleProvider()))
                        .getCertificate(builder.build(
                                new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKeys.getPrivate())));
            } catch (java.security.GeneralSecurityException
                    | org.bouncycastle.operator.OperatorCreationException
                    | org.bouncycastle.cert.CertIOException e) {
                throw new AssertionError(e);
            }
        }
    }
}
