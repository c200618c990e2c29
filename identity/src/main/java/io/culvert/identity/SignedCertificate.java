package io.culvert.identity;

import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What a CA answered. Immutable.
 *
 * @param chain leaf first, then intermediates
 * @param roots of the trust domain
 */
public record SignedCertificate(List<X509Certificate> chain, List<X509Certificate> roots) {
    public SignedCertificate {
        chain = List.copyOf(chain);
        roots = List.copyOf(roots);
    }
}
