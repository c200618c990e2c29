package io.culvert.core.tls;

import java.security.cert.CertificateException;

/** The cipher negotiated is not one of ours; thrown where the peer is verified, the first place that knows the cipher. */
final class CipherRefusedException extends CertificateException {
    private static final long serialVersionUID = 1L;

    CipherRefusedException(String message) {
        super(message);
    }

    /** A peer's choice, not our fault: the trace would say nothing. */
    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
