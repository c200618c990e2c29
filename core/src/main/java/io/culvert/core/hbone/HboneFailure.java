package io.culvert.core.hbone;

/** Why a stream could not be opened. No byte of the app was sent in any of these cases. Immutable. */
public enum HboneFailure {
    /** The TCP connection was refused or broke before TLS began. */
    CONNECT(true),
    /** No answer to the TCP connection attempt: often a NetworkPolicy that does not allow port 15008. */
    CONNECT_TIMEOUT(true),
    /** The TLS handshake failed; the detail says which side refused what. */
    TLS(true),
    /** The peer proved an identity that is not one of the expected. */
    WRONG_PEER(true),
    /** TLS is up but the peer does not speak HTTP/2, or sent no SETTINGS in time. */
    H2_HANDSHAKE(true),
    /** There is no certificate for the local identity. */
    CREDENTIALS(false),
    /** The peer allows no (more) streams, or too many opens wait for this destination. */
    STREAM_LIMIT(true),
    /** The receive budget of the pod or the agent is used up. */
    BUDGET(false),
    /** This side is shutting down. */
    DRAINING(false),
    /** The destination was removed from the mesh while the open waited. */
    PEER_REMOVED(true),
    /** The peer says that it did not process the request (REFUSED_STREAM, or GOAWAY with a lower stream id). */
    NOT_PROCESSED(true),
    /** The tunnel broke before the answer came. */
    TUNNEL_LOST(true),
    /** The peer reset the stream instead of answering. */
    RESET(false),
    /** The peer did not answer the CONNECT in time. */
    RESPONSE_TIMEOUT(false),
    /** The peer's answer was malformed. */
    PROTOCOL_ERROR(false);

    private final boolean elsewhere;

    HboneFailure(boolean elsewhere) {
        this.elsewhere = elsewhere;
    }

    /** Whether another endpoint of the same service may do better. */
    public boolean worthTryingElsewhere() {
        return elsewhere;
    }
}
