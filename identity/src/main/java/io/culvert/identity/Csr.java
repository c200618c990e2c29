package io.culvert.identity;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;

/**
 * A new key (EC P-256) and the request to certify it: PKCS#10 (RFC 2986) with an empty subject and the SPIFFE ID as the one,
 * critical SAN, signed with ECDSA and SHA-256. The key is made here and never leaves the process. Immutable.
 */
public final class Csr {
    /** The encoded contents of the OIDs that such a request needs. */
    private static final byte[] EXTENSION_REQUEST = {0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 9, 14};

    private static final byte[] SUBJECT_ALT_NAME = {0x55, 0x1d, 0x11};
    private static final byte[] ECDSA_WITH_SHA256 = {0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 4, 3, 2};

    private final KeyPair keys;
    private final byte[] der;

    private Csr(KeyPair keys, byte[] der) {
        this.keys = keys;
        this.der = der;
    }

    /** Makes key and request; some milliseconds of computing. */
    public static Csr create(SpiffeId id) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            return new Csr(keys, sign(keys, requestInfo(keys.getPublic(), id)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has EC P-256 and ECDSA with SHA-256", e);
        }
    }

    public PrivateKey privateKey() {
        return keys.getPrivate();
    }

    public PublicKey publicKey() {
        return keys.getPublic();
    }

    /** The request as text. */
    public String pem() {
        return Pem.encode("CERTIFICATE REQUEST", der);
    }

    /** CertificationRequestInfo, RFC 2986 section 4.1; the extension request attribute is RFC 2985 section 5.4.2. */
    private static byte[] requestInfo(PublicKey key, SpiffeId id) {
        byte[] uri = Der.encode(Der.URI_NAME, id.toString().getBytes(StandardCharsets.US_ASCII));
        byte[] extension = Der.encode(
                Der.SEQUENCE,
                Der.encode(Der.OBJECT_ID, SUBJECT_ALT_NAME),
                Der.encode(Der.BOOLEAN, new byte[] {(byte) 0xff}),
                Der.encode(Der.OCTET_STRING, Der.encode(Der.SEQUENCE, uri)));
        byte[] attribute = Der.encode(
                Der.SEQUENCE,
                Der.encode(Der.OBJECT_ID, EXTENSION_REQUEST),
                Der.encode(Der.SET, Der.encode(Der.SEQUENCE, extension)));
        return Der.encode(
                Der.SEQUENCE,
                Der.encode(Der.INTEGER, new byte[] {0}),
                Der.encode(Der.SEQUENCE),
                key.getEncoded(),
                Der.encode(0xa0, attribute));
    }

    private static byte[] sign(KeyPair keys, byte[] info) throws GeneralSecurityException {
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(keys.getPrivate());
        signature.update(info);
        return Der.encode(
                Der.SEQUENCE,
                info,
                Der.encode(Der.SEQUENCE, Der.encode(Der.OBJECT_ID, ECDSA_WITH_SHA256)),
                Der.encode(Der.BIT_STRING, new byte[] {0}, signature.sign()));
    }
}
