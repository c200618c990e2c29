package io.culvert.identity;

/** Why a peer's certificate chain proves nothing; the names are metric labels. */
public enum RejectionReason {
    /** The peer presented no certificate. */
    NO_CERTIFICATE,
    /** A certificate, or its SAN extension, cannot be read. */
    MALFORMED,
    /** No URI SAN. */
    NO_SPIFFE_ID,
    /** More than one URI SAN. */
    SEVERAL_URI_SANS,
    /** The URI SAN is not a SPIFFE ID. */
    BAD_SPIFFE_ID,
    /** The ID has no path: it names a trust domain, not a workload. */
    NO_WORKLOAD_PATH,
    /** No bundle for the trust domain of the ID. */
    WRONG_TRUST_DOMAIN,
    /** The leaf is a CA certificate. */
    LEAF_IS_CA,
    /** Key usage absent, not critical, without digitalSignature, or with keyCertSign or cRLSign. */
    KEY_USAGE,
    /** Extended key usage is there, but not for both servers and clients. */
    EXTENDED_KEY_USAGE,
    /** The subject is empty and the SAN extension is not critical (RFC 5280 section 4.2.1.6). */
    SAN_NOT_CRITICAL,
    /** A signing certificate carries the ID of a workload, or of another trust domain. */
    SIGNER_ID,
    /** A certificate of the chain has expired. */
    EXPIRED,
    /** A certificate of the chain is not valid yet. */
    NOT_YET_VALID,
    /** No path of valid signatures to the bundle of the trust domain. */
    BAD_CHAIN
}
