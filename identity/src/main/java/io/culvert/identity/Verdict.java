package io.culvert.identity;

/** What the verification of a peer came to. */
public sealed interface Verdict {
    /** The chain proves this identity. */
    record Verified(SpiffeId id) implements Verdict {}

    /** The chain proves nothing; {@code detail} is for people and names the certificate's fault. */
    record Rejected(RejectionReason reason, String detail) implements Verdict {}
}
