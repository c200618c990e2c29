package io.culvert.identity;

import io.culvert.identity.Verdict.Rejected;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** RFC 5280 section 6 over a presented chain, by the JDK's validator, with this mesh's rules for clocks. */
final class ChainValidation {
    private ChainValidation() {}

    /** Why there is no valid path from the leaf to the bundle, or null when there is one. */
    static @Nullable Rejected fault(List<X509Certificate> presented, TrustBundle bundle, Instant now) {
        Rejected clock = clockFault(presented.getFirst(), now);
        if (clock != null) {
            return clock;
        }
        Rejected fault = null;
        // The presented chain may go on beyond the first certificate that an authority of ours signed: the root itself,
        // or a
        // cross-signed twin of it while roots are exchanged. The shortest path that holds is enough.
        for (int length = 1; length <= presented.size(); length++) {
            List<X509Certificate> path = presented.subList(0, length);
            if (!endsAtAuthority(path.getLast(), bundle)) {
                continue;
            }
            fault = pathFault(path, bundle, now);
            if (fault == null) {
                return null;
            }
        }
        return fault != null
                ? fault
                : new Rejected(
                        RejectionReason.BAD_CHAIN,
                        "the chain ends at issuer \"" + presented.getLast().getIssuerX500Principal()
                                + "\", which is no authority of trust domain " + bundle.trustDomain());
    }

    private static boolean endsAtAuthority(X509Certificate last, TrustBundle bundle) {
        for (X509Certificate authority : bundle.authorities()) {
            if (authority.getSubjectX500Principal().equals(last.getIssuerX500Principal())) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Rejected pathFault(List<X509Certificate> path, TrustBundle bundle, Instant now) {
        Instant at = now;
        for (X509Certificate certificate : path) {
            Rejected clock = clockFault(certificate, now);
            if (clock != null) {
                return clock;
            }
            Instant begin = certificate.getNotBefore().toInstant();
            at = begin.isAfter(at) ? begin : at;
        }
        Set<TrustAnchor> anchors = bundle.authorities().stream()
                .map(authority -> new TrustAnchor(authority, null))
                .collect(Collectors.toSet());
        try {
            PKIXParameters parameters = new PKIXParameters(anchors);
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(at));
            CertPathValidator.getInstance("PKIX")
                    .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
            return null;
        } catch (CertPathValidatorException e) {
            return new Rejected(
                    RejectionReason.BAD_CHAIN,
                    "no valid path to an authority of trust domain " + bundle.trustDomain() + ": " + e.getMessage());
        } catch (GeneralSecurityException e) {
            return new Rejected(RejectionReason.MALFORMED, "the chain cannot be checked: " + e.getMessage());
        }
    }

    private static @Nullable Rejected clockFault(X509Certificate certificate, Instant now) {
        Instant end = certificate.getNotAfter().toInstant();
        if (now.isAfter(end)) {
            return new Rejected(
                    RejectionReason.EXPIRED,
                    "the certificate with serial "
                            + certificate.getSerialNumber().toString(16) + " expired at " + end + ", it is " + now);
        }
        Instant begin = certificate.getNotBefore().toInstant();
        if (begin.isAfter(now.plus(PeerVerifier.NOT_BEFORE_TOLERANCE))) {
            return new Rejected(
                    RejectionReason.NOT_YET_VALID,
                    "the certificate with serial "
                            + certificate.getSerialNumber().toString(16) + " is not valid before " + begin + ", it is "
                            + now + ": check the clocks");
        }
        return null;
    }
}
