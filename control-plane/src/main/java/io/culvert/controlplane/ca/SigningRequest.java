package io.culvert.controlplane.ca;

import java.io.IOException;
import java.io.StringReader;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/**
 * What matters of a PKCS#10 request: a key whose owner signed it, and the URIs that it asks for. Subject and other wishes
 * are not read: the CA decides what a certificate says. Immutable.
 */
record SigningRequest(PublicKey key, List<String> uris) {
    private static final int MAX_CHARACTERS = 16 * 1024;
    private static final int MIN_RSA_BITS = 2048;
    private static final int MAX_RSA_BITS = 8192;

    /** The request is refused; the message says why. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    static SigningRequest parse(String pem) throws RefusedException {
        if (pem.length() > MAX_CHARACTERS) {
            throw new RefusedException(
                    "the signing request has " + pem.length() + " characters, at most " + MAX_CHARACTERS + " are read");
        }
        try {
            JcaPKCS10CertificationRequest request = read(pem);
            PublicKey key = request.getPublicKey();
            checkKey(key);
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw new RefusedException("the signing request is not signed by its own key");
            }
            return new SigningRequest(key, uris(request));
        } catch (IOException
                | GeneralSecurityException
                | OperatorCreationException
                | PKCSException
                | IllegalArgumentException
                | IllegalStateException
                | ClassCastException e) {
            // BouncyCastle throws unchecked on much malformed input.
            throw new RefusedException("the signing request cannot be read: " + e.getMessage());
        }
    }

    private static JcaPKCS10CertificationRequest read(String pem) throws IOException, RefusedException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            if (parser.readObject() instanceof org.bouncycastle.pkcs.PKCS10CertificationRequest request) {
                return new JcaPKCS10CertificationRequest(request);
            }
            throw new RefusedException("there is no PEM block CERTIFICATE REQUEST in the signing request");
        }
    }

    private static void checkKey(PublicKey key) throws RefusedException {
        switch (key) {
            case ECPublicKey ec -> {
                int bits = ec.getParams().getCurve().getField().getFieldSize();
                if (bits != 256 && bits != 384) {
                    throw new RefusedException("the key is on a curve of " + bits + " bits: use P-256 or P-384");
                }
            }
            case RSAPublicKey rsa -> {
                int bits = rsa.getModulus().bitLength();
                if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
                    throw new RefusedException("the RSA key has " + bits + " bits: " + MIN_RSA_BITS + " to "
                            + MAX_RSA_BITS + " are accepted");
                }
            }
            default ->
                throw new RefusedException("keys of type " + key.getAlgorithm() + " are not accepted: use EC P-256");
        }
    }

    private static List<String> uris(JcaPKCS10CertificationRequest request) {
        List<String> uris = new ArrayList<>(1);
        Extensions extensions = request.getRequestedExtensions();
        GeneralNames names =
                extensions == null ? null : GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName);
        if (names != null) {
            for (GeneralName name : names.getNames()) {
                if (name.getTagNo() == GeneralName.uniformResourceIdentifier) {
                    uris.add(name.getName().toString());
                }
            }
        }
        return uris;
    }
}
