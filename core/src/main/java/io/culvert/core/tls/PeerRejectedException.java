package io.culvert.core.tls;

import io.culvert.identity.RejectionReason;
import java.security.cert.CertificateException;

/** The peer's certificate proves nothing; found by {@link TlsFailure} among the causes of a failed handshake. */
final class PeerRejectedException extends CertificateException {
    private static final long serialVersionUID = 1L;

    private final RejectionReason reason;

    PeerRejectedException(RejectionReason reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    RejectionReason reason() {
        return reason;
    }

    /** A peer's fault, not ours: the trace would say nothing. */
    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
