package io.culvert.controlplane.ca;

import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** What the CA's certificates look like: X509-SVID sections 3 and 4, RFC 5280 section 4.2. Any thread. */
final class Profiles {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Profiles() {}

    /** The mesh's root: signs itself, states the trust domain, may sign leafs only. */
    static X509Certificate root(
            TrustDomain trustDomain, PublicKey key, PrivateKey signer, Instant notBefore, Instant notAfter)
            throws GeneralSecurityException {
        try {
            SubjectKeyIdentifier keyId = new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key);
            // Paths are built by names: another root has another one, the same key the same.
            X500Principal name = new X500Principal("CN=Culvert root "
                    + HexFormat.of().formatHex(keyId.getKeyIdentifier(), 0, 6) + ", O=" + trustDomain.name());
            JcaX509v3CertificateBuilder root = new JcaX509v3CertificateBuilder(
                    name, serial(), Date.from(notBefore), Date.from(notAfter), name, key);
            root.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            root.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            root.addExtension(Extension.subjectKeyIdentifier, false, keyId);
            root.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    uri(trustDomain.id().toString()));
            return sign(root, signer);
        } catch (CertIOException e) {
            throw new GeneralSecurityException(e);
        }
    }

    /** A workload's leaf: the ID is its only name. */
    static X509Certificate workload(
            SpiffeId id, PublicKey key, X509Certificate root, PrivateKey signer, Instant notBefore, Instant notAfter)
            throws GeneralSecurityException {
        return leaf(uri(id.toString()), key, root, signer, notBefore, notAfter, true);
    }

    /** The controller's own leaf for its TLS port. Without URI SAN, so that it is no SVID. */
    static X509Certificate serving(
            List<GeneralName> names,
            PublicKey key,
            X509Certificate root,
            PrivateKey signer,
            Instant notBefore,
            Instant notAfter)
            throws GeneralSecurityException {
        GeneralNames all = new GeneralNames(names.toArray(new GeneralName[0]));
        return leaf(all, key, root, signer, notBefore, notAfter, false);
    }

    private static X509Certificate leaf(
            GeneralNames names,
            PublicKey key,
            X509Certificate root,
            PrivateKey signer,
            Instant notBefore,
            Instant notAfter,
            boolean client)
            throws GeneralSecurityException {
        try {
            JcaX509v3CertificateBuilder leaf = new JcaX509v3CertificateBuilder(
                    root.getSubjectX500Principal(),
                    serial(),
                    Date.from(notBefore),
                    Date.from(notAfter),
                    new X500Principal(""),
                    key);
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            leaf.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            leaf.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            leaf.addExtension(
                    Extension.extendedKeyUsage,
                    false,
                    new ExtendedKeyUsage(
                            client
                                    ? new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}
                                    : new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth}));
            leaf.addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key));
            leaf.addExtension(Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(root.getPublicKey()));
            // Critical, as the subject is empty.
            leaf.addExtension(Extension.subjectAlternativeName, true, names);
            return sign(leaf, signer);
        } catch (CertIOException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static X509Certificate sign(JcaX509v3CertificateBuilder certificate, PrivateKey signer)
            throws GeneralSecurityException {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(certificate.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer)));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static GeneralNames uri(String uri) {
        return new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
    }

    /** 127 random bits: unique without a register of what was given out. */
    private static BigInteger serial() {
        return new BigInteger(127, RANDOM).add(BigInteger.ONE);
    }
}
