package io.culvert.identity;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A workload's proof of identity: certificate chain and private key (X509-SVID). Immutable.
 *
 * @param id the ID that the leaf states
 * @param chain leaf first, then intermediates; without the root
 * @param key of the leaf
 */
public record Svid(SpiffeId id, List<X509Certificate> chain, PrivateKey key) {
    public Svid {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("an SVID of " + id + " needs at least its leaf certificate");
        }
    }

    /** The certificate that states the ID. */
    public X509Certificate leaf() {
        return chain.getFirst();
    }

    /** From when on the leaf holds. */
    public Instant notBefore() {
        return leaf().getNotBefore().toInstant();
    }

    /** Until when the leaf holds. */
    public Instant notAfter() {
        return leaf().getNotAfter().toInstant();
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "Svid[" + id + ", serial " + leaf().getSerialNumber().toString(16) + ", until " + notAfter() + "]";
    }
}
