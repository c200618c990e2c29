package io.culvert.identity;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one identity stands, for people and admin endpoints. Immutable.
 *
 * @param chain leaf first, of the certificate in use or the last one that expired; empty when there never was one
 * @param bundle of the own trust domain; null when there never was one
 * @param lastError why the latest attempt failed; null when it succeeded or none has ended
 * @param nextAttempt when the next attempt is due; null when one is under way, or when the source is pushed to
 */
public record CredentialStatus(
        SpiffeId id,
        State state,
        List<X509Certificate> chain,
        @Nullable TrustBundle bundle,
        @Nullable String lastError,
        @Nullable Instant nextAttempt) {

    public CredentialStatus {
        chain = List.copyOf(chain);
    }

    /** Where an identity is between being retained and being forgotten. */
    public enum State {
        /** No certificate yet, and no attempt has failed. */
        INITIALIZING,
        /** There is a certificate that holds now. */
        AVAILABLE,
        /** No certificate that holds: the last one expired, or every attempt has failed. */
        UNAVAILABLE
    }
}
