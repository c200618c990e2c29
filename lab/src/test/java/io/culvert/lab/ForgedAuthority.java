package io.culvert.lab;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Signs what the mesh's certificate authority would not, with the mesh's own root key. Immutable. */
final class ForgedAuthority {
    /** A certificate with its key. */
    record Leaf(X509Certificate certificate, PrivateKey key) {}

    private final X500Principal name;
    private final PrivateKey key;

    private ForgedAuthority(X500Principal name, PrivateKey key) {
        this.name = name;
        this.key = key;
    }

    /** The root of {@code lab}'s mesh, whose key lies beside its certificate. */
    static ForgedAuthority of(Lab lab) throws IOException, GeneralSecurityException {
        Path certificate = lab.controller().rootCertificate();
        try (InputStream in = Files.newInputStream(certificate)) {
            X509Certificate root =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            String text =
                    Files.readString(certificate.resolveSibling("root-key.pem")).replaceAll("-----[A-Z ]+-----", "");
            PrivateKey key = KeyFactory.getInstance("EC")
                    .generatePrivate(
                            new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(text)));
            return new ForgedAuthority(root.getSubjectX500Principal(), key);
        }
    }

    /** One that the mesh has never heard of. */
    static ForgedAuthority stranger() throws GeneralSecurityException {
        return new ForgedAuthority(new X500Principal("CN=root of another mesh"), newKey().getPrivate());
    }

    /** A leaf as the mesh's but for these names and this end. */
    Leaf leaf(Instant notAfter, String... uris) throws GeneralSecurityException, IOException {
        KeyPair own = newKey();
        List<GeneralName> names = Arrays.stream(uris)
                .map(uri -> new GeneralName(GeneralName.uniformResourceIdentifier, uri))
                .toList();
        JcaX509v3CertificateBuilder leaf = new JcaX509v3CertificateBuilder(
                name,
                BigInteger.valueOf(System.nanoTime()),
                Date.from(notAfter.minusSeconds(3600)),
                Date.from(notAfter),
                new X500Principal(""),
                own.getPublic());
        leaf.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        leaf.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        leaf.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
        }));
        leaf.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(names.toArray(new GeneralName[0])));
        try {
            return new Leaf(
                    new JcaX509CertificateConverter()
                            .getCertificate(leaf.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key))),
                    own.getPrivate());
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static KeyPair newKey() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        return generator.generateKeyPair();
    }
}
