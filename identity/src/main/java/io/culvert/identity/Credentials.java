package io.culvert.identity;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What one side of a handshake needs: its own SVID and the bundles to judge the other side by. One object for each
 * rotation, compared by identity, so that it can key caches of what is expensive to derive from it. Immutable.
 */
public final class Credentials {
    private static final AtomicLong SEQUENCE = new AtomicLong();

    private final Svid svid;
    private final TrustBundle bundle;
    private final TrustBundles peers;
    private final long sequence = SEQUENCE.incrementAndGet();

    /** Accepts peers of the own trust domain only. */
    public Credentials(Svid svid, TrustBundle bundle) {
        this(svid, bundle, TrustBundles.of(bundle));
    }

    /**
     * Accepts peers of several trust domains.
     *
     * @param bundle of the SVID's own trust domain
     * @param peers all that peers are judged by; normally contains {@code bundle}
     */
    public Credentials(Svid svid, TrustBundle bundle, TrustBundles peers) {
        if (!svid.id().trustDomain().equals(bundle.trustDomain())) {
            throw new IllegalArgumentException(
                    svid.id() + " is not of trust domain " + bundle.trustDomain() + ", whose bundle came with it");
        }
        this.svid = svid;
        this.bundle = bundle;
        this.peers = peers;
    }

    public SpiffeId id() {
        return svid.id();
    }

    public Svid svid() {
        return svid;
    }

    /** Of the own trust domain. */
    public TrustBundle bundle() {
        return bundle;
    }

    /** Of all trust domains whose peers are accepted. */
    public TrustBundles peers() {
        return peers;
    }

    /** Until when the own leaf holds. */
    public Instant notAfter() {
        return svid.notAfter();
    }

    /** Whether these were made before the others: of two credentials of one identity the newer ones count. */
    public boolean olderThan(Credentials other) {
        return sequence < other.sequence;
    }

    @Override
    public String toString() {
        return "Credentials[" + svid + ", peers of " + peers + "]";
    }
}
