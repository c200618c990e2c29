package io.culvert.controlplane.ca;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What the controller's TLS port shows. Immutable.
 *
 * @param chain leaf first, without the root
 * @param root what agents verify it by
 */
public record ServingCertificate(PrivateKey key, List<X509Certificate> chain, X509Certificate root) {
    public ServingCertificate {
        chain = List.copyOf(chain);
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "ServingCertificate[until " + chain.getFirst().getNotAfter().toInstant() + "]";
    }
}
