package io.culvert.identity;

import io.culvert.identity.Verdict.Rejected;
import io.culvert.identity.Verdict.Verified;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a peer by the rules of SPIFFE X509-SVID: sections 2 to 4 for what a leaf must look like, section 5 and RFC 5280 for
 * its path to the bundle of the trust domain that its ID names, and of no other. Immutable, any thread.
 *
 * <p>Clocks: a certificate may begin up to {@link #NOT_BEFORE_TOLERANCE} in the future, since a fresh one often meets a
 * clock that is behind the CA's. Its end is exact: nothing is accepted past it.
 */
public final class PeerVerifier {
    /** How far ahead of this clock a certificate may begin. */
    public static final Duration NOT_BEFORE_TOLERANCE = Duration.ofSeconds(30);

    /** Longer chains are refused before any signature is looked at. */
    static final int MAX_CHAIN = 8;

    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    private static final String KEY_USAGE = "2.5.29.15";
    private static final int DIGITAL_SIGNATURE = 0;
    private static final int KEY_CERT_SIGN = 5;
    private static final int CRL_SIGN = 6;

    /**
     * Verifies against one trust domain.
     *
     * @param presented as received, leaf first
     */
    public Verdict verify(List<X509Certificate> presented, TrustBundle bundle, Instant now) {
        return verify(presented, TrustBundles.of(bundle), now);
    }

    /** Verifies against the bundle of the trust domain that the leaf's ID names. */
    public Verdict verify(List<X509Certificate> presented, TrustBundles bundles, Instant now) {
        if (presented.isEmpty()) {
            return new Rejected(RejectionReason.NO_CERTIFICATE, "the peer presented no certificate");
        }
        if (presented.size() > MAX_CHAIN) {
            return new Rejected(
                    RejectionReason.BAD_CHAIN,
                    "the peer presented " + presented.size() + " certificates: at most " + MAX_CHAIN + " are read");
        }
        try {
            Verdict id = idOf(presented.getFirst());
            return id instanceof Verified(SpiffeId claimed) ? verify(claimed, presented, bundles, now) : id;
        } catch (RuntimeException e) {
            // Certificates of a TLS library are parsed when first looked at, and fail unchecked.
            return new Rejected(RejectionReason.MALFORMED, "the peer's certificate cannot be read: " + e.getMessage());
        }
    }

    /**
     * The one SPIFFE ID that a leaf states, without any proof: for certificates that a handshake has verified already.
     *
     * @throws SpiffeIdException if it states none, or several
     */
    public static SpiffeId statedId(X509Certificate leaf) {
        return switch (idOf(leaf)) {
            case Verified(SpiffeId id) -> id;
            case Rejected(RejectionReason reason, String detail) -> throw new SpiffeIdException(detail);
        };
    }

    private static Verdict idOf(X509Certificate leaf) {
        List<String> uris;
        try {
            uris = SubjectAltNames.uris(leaf);
        } catch (IllegalArgumentException e) {
            return new Rejected(
                    RejectionReason.MALFORMED, describe(leaf) + " has an unreadable SAN extension: " + e.getMessage());
        }
        if (uris.isEmpty()) {
            return new Rejected(RejectionReason.NO_SPIFFE_ID, describe(leaf) + " has no URI SAN, so no SPIFFE ID");
        }
        if (uris.size() > 1) {
            return new Rejected(
                    RejectionReason.SEVERAL_URI_SANS,
                    describe(leaf) + " has " + uris.size() + " URI SANs, exactly one is allowed");
        }
        try {
            return new Verified(SpiffeId.parse(uris.getFirst()));
        } catch (SpiffeIdException e) {
            return new Rejected(RejectionReason.BAD_SPIFFE_ID, e.getMessage());
        }
    }

    private static Verdict verify(SpiffeId id, List<X509Certificate> presented, TrustBundles bundles, Instant now) {
        TrustBundle bundle = bundles.get(id.trustDomain());
        if (bundle == null) {
            return new Rejected(
                    RejectionReason.WRONG_TRUST_DOMAIN,
                    id + " is of trust domain " + id.trustDomain() + ", accepted are " + bundles);
        }
        Rejected fault = leafFault(id, presented.getFirst());
        if (fault == null) {
            fault = signerFault(id, presented);
        }
        if (fault == null) {
            fault = ChainValidation.fault(presented, bundle, now);
        }
        return fault == null ? new Verified(id) : fault;
    }

    private static @Nullable Rejected leafFault(SpiffeId id, X509Certificate leaf) {
        if (leaf.getBasicConstraints() >= 0) {
            return new Rejected(
                    RejectionReason.LEAF_IS_CA, "the certificate of " + id + " is a CA's: it must not authenticate");
        }
        if (id.path().isEmpty()) {
            return new Rejected(RejectionReason.NO_WORKLOAD_PATH, id + " names a trust domain, not a workload");
        }
        Rejected fault = keyUsageFault(id, leaf);
        if (fault != null) {
            return fault;
        }
        Set<String> critical = leaf.getCriticalExtensionOIDs();
        boolean sanCritical = critical != null && critical.contains(SubjectAltNames.OID);
        if (leaf.getSubjectX500Principal().getName().isEmpty() && !sanCritical) {
            return new Rejected(
                    RejectionReason.SAN_NOT_CRITICAL,
                    "the certificate of " + id + " has an empty subject and a SAN that is not critical");
        }
        return null;
    }

    private static @Nullable Rejected keyUsageFault(SpiffeId id, X509Certificate leaf) {
        boolean[] usage = leaf.getKeyUsage();
        Set<String> critical = leaf.getCriticalExtensionOIDs();
        String fault = null;
        if (usage == null) {
            fault = "no key usage";
        } else if (critical == null || !critical.contains(KEY_USAGE)) {
            fault = "a key usage that is not critical";
        } else if (!usage[DIGITAL_SIGNATURE]) {
            fault = "a key usage without digitalSignature";
        } else if (usage[KEY_CERT_SIGN] || usage[CRL_SIGN]) {
            fault = "the key usage of a CA";
        }
        if (fault != null) {
            return new Rejected(RejectionReason.KEY_USAGE, "the certificate of " + id + " has " + fault);
        }
        List<String> extended;
        try {
            extended = leaf.getExtendedKeyUsage();
        } catch (java.security.cert.CertificateParsingException e) {
            return new Rejected(
                    RejectionReason.MALFORMED, "the certificate of " + id + " has an unreadable extended key usage");
        }
        if (extended != null && !(extended.contains(SERVER_AUTH) && extended.contains(CLIENT_AUTH))) {
            return new Rejected(
                    RejectionReason.EXTENDED_KEY_USAGE,
                    "the certificate of " + id + " is not for both servers and clients (extended key usage " + extended
                            + ")");
        }
        return null;
    }

    /** X509-SVID section 3.1 and 4.1: a signing certificate may state its trust domain, never a workload. */
    private static @Nullable Rejected signerFault(SpiffeId id, List<X509Certificate> presented) {
        for (X509Certificate signer : presented.subList(1, presented.size())) {
            for (String uri : SubjectAltNames.uris(signer)) {
                if (!uri.equals(id.trustDomain().id().toString())) {
                    return new Rejected(
                            RejectionReason.SIGNER_ID,
                            describe(signer) + " signs for " + id + " but states " + SpiffeId.quote(uri) + ": only "
                                    + id.trustDomain().id() + " or no ID is allowed");
                }
            }
        }
        return null;
    }

    private static String describe(X509Certificate certificate) {
        return "the certificate with serial " + certificate.getSerialNumber().toString(16);
    }
}
