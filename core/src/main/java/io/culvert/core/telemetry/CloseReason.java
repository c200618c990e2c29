package io.culvert.core.telemetry;

/**
 * Why a connection ended: the one table from outcome to access log, metric label and the HTTP status with which a
 * CONNECT is answered when the outcome is known before the 200. Response flags are Istio's where Istio has one
 * ("-" means that no flag applies); labels are ours ({@code culvert_connections_closed_total{reason}}).
 */
public enum CloseReason {
    // label, response flag, status of a refused CONNECT, what to check
    OK("ok", "-", 200, false, "both sides finished"),
    RESET_BY_CLIENT("reset_by_client", "-", 503, false, "the client reset the connection"),
    RESET_BY_SERVER("reset_by_server", "-", 503, false, "the server reset the connection"),
    POLICY_DENIED("policy_denied", "DENY", 401, true, "an authorization policy refused the connection"),
    POLICY_CHANGED("policy_changed", "DENY", 401, false, "a policy that came later denies the connection"),
    CONNECT_FAILED("connect_failed", "CONNECT", 503, true, "the destination refused the connection"),
    CONNECT_TIMEOUT("connect_timeout", "CONNECT", 503, true, "no answer in time; a NetworkPolicy may block port 15008"),
    TLS_FAILURE("tls_failure", "TLS_FAILURE", 503, true, "the TLS handshake with the peer failed"),
    H2_HANDSHAKE_FAILURE(
            "h2_handshake_failure", "H2_HANDSHAKE_FAILURE", 503, true, "the peer did not speak HTTP/2 in time"),
    IDENTITY_ERROR("identity_error", "IDENTITY_ERROR", 503, true, "no valid certificate for the local identity"),
    /** The peer proved an identity that is not the expected one. */
    WRONG_PEER("wrong_peer", "TLS_FAILURE", 503, true, "the peer proved another identity than the expected one"),
    /** The peer answered the CONNECT with a status other than 200 that is not 401. */
    PEER_REFUSED("peer_refused", "CONNECT", 503, true, "the peer's proxy refused the CONNECT"),
    /** The tunnel died under its streams, or its ping was not answered. */
    TUNNEL_LOST("tunnel_lost", "CONNECT", 503, false, "the tunnel to the peer broke"),
    NO_HEALTHY_UPSTREAM("no_healthy_upstream", "CONNECT", 503, true, "the service has no ready endpoint"),
    UNKNOWN_DESTINATION("unknown_destination", "CONNECT", 503, true, "the mesh state does not know the destination"),
    EGRESS_DENIED("egress_denied", "DENY", 503, true, "the destination is outside the mesh and egress is refused"),
    LOOP("loop", "CONNECT", 400, true, "the destination is the proxy itself"),
    BAD_REQUEST("bad_request", "CONNECT", 400, true, "the CONNECT is malformed"),
    IP_MISMATCH("ip_mismatch", "CONNECT", 400, true, "the CONNECT names an address that is not the pod's"),
    UNSUPPORTED("unsupported", "CONNECT", 503, true, "the destination needs a feature that this version lacks"),
    HALF_CLOSE_TIMEOUT("half_close_timeout", "-", 504, false, "one side finished, the other stayed silent too long"),
    IDLE_TIMEOUT("idle_timeout", "-", 504, false, "no byte either way for too long"),
    BUDGET_EXHAUSTED("budget_exhausted", "CONNECT", 503, true, "the byte budget of pod or agent is used up"),
    NO_DESCRIPTORS("no_descriptors", "CONNECT", 503, true, "the agent ran out of file descriptors (RLIMIT_NOFILE)"),
    NO_CONNTRACK("no_conntrack", "CONNECT", 503, true, "the kernel's conntrack table is full (nf_conntrack_max)"),
    DRAINED("drained", "-", 503, false, "the pod or the agent went away and the drain deadline passed"),
    INTERNAL("internal_error", "-", 503, true, "a fault in the agent; the log has its trace");

    private final String label;
    private final String responseFlag;
    private final int httpStatus;
    private final boolean failure;
    private final String meaning;

    CloseReason(String label, String responseFlag, int httpStatus, boolean failure, String meaning) {
        this.label = label;
        this.responseFlag = responseFlag;
        this.httpStatus = httpStatus;
        this.failure = failure;
        this.meaning = meaning;
    }

    /** Metric label {@code reason} and access-log field {@code close_reason}. */
    public String label() {
        return label;
    }

    /** Metric label {@code response_flags}. */
    public String responseFlag() {
        return responseFlag;
    }

    /** Status of the answer to a CONNECT that ends this way before its 200. */
    public int httpStatus() {
        return httpStatus;
    }

    /** Whether the connection was never established, so that it counts in {@code istio_tcp_connections_failed_total}. */
    public boolean isFailure() {
        return failure;
    }

    /** Whether the access log calls it an error: everything but an ordinary end. */
    public boolean isError() {
        return this != OK && this != DRAINED;
    }

    /** One phrase for the access log's field {@code error} when there is no better detail. */
    public String meaning() {
        return meaning;
    }
}
