package io.culvert.identity;

import java.security.cert.X509Certificate;
import java.util.List;

/**
 * The root certificates that may vouch for one trust domain, and for no other. Immutable.
 *
 * @param trustDomain whose identities they vouch for
 * @param authorities at least one
 */
public record TrustBundle(TrustDomain trustDomain, List<X509Certificate> authorities) {
    public TrustBundle {
        authorities = List.copyOf(authorities);
        if (authorities.isEmpty()) {
            throw new IllegalArgumentException("the trust bundle of " + trustDomain + " has no certificate");
        }
    }
}
