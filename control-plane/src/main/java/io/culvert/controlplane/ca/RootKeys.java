package io.culvert.controlplane.ca;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import org.bouncycastle.jce.ECNamedCurveTable;

/** EC P-256 keys of the CA. Any thread. */
final class RootKeys {
    private static final String CURVE = "secp256r1";

    private RootKeys() {}

    static KeyPair generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(CURVE));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has EC P-256", e);
        }
    }

    /** The public half of a P-256 key, which is the base point times the key. */
    static KeyPair pairOf(ECPrivateKey key) throws CaException {
        org.bouncycastle.math.ec.ECPoint point = ECNamedCurveTable.getParameterSpec(CURVE)
                .getG()
                .multiply(key.getS())
                .normalize();
        try {
            ECPoint affine = new ECPoint(
                    point.getAffineXCoord().toBigInteger(),
                    point.getAffineYCoord().toBigInteger());
            return new KeyPair(
                    KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(affine, key.getParams())), key);
        } catch (GeneralSecurityException e) {
            throw new CaException("the root key is no EC P-256 key: restore it from a backup", e);
        }
    }
}
