package io.culvert.core.tls;

import io.culvert.identity.RejectionReason;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslClosedEngineException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Why a handshake failed, in few enough words to count by. */
public enum TlsFailure {
    /** The peer's certificate has expired. */
    EXPIRED,
    /** The peer's certificate is not valid yet: a clock is wrong. */
    NOT_YET_VALID,
    /** The peer is of a trust domain that is not accepted. */
    WRONG_TRUST_DOMAIN,
    /** The peer's certificate has no SPIFFE ID, several, or a malformed one. */
    NO_SPIFFE_ID,
    /** No authority of the peer's trust domain vouches for it. */
    BAD_CHAIN,
    /** The peer's certificate is not that of a workload: a CA's, or for other uses. */
    BAD_PROFILE,
    /** The peer presented no certificate. */
    NO_CERTIFICATE,
    /** The peer's certificate cannot be read. */
    MALFORMED,
    /** The peer refused our certificate. */
    REFUSED_BY_PEER,
    /** The peer took too long. */
    TIMEOUT,
    /** The peer does not speak TLS 1.3. */
    VERSION,
    /** No common cipher or key exchange. */
    NO_COMMON_PARAMETERS,
    /** What came is not TLS. */
    NOT_TLS,
    /** The connection ended during the handshake. */
    CLOSED,
    /** Anything else; the message has the detail. */
    OTHER;

    /** As a metric label. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The class of this failure, which its causes and suppressed exceptions tell. */
    public static TlsFailure of(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        PeerRejectedException rejected = find(failure, PeerRejectedException.class, seen);
        if (rejected != null) {
            return of(rejected.reason());
        }
        TlsFailure best = OTHER;
        for (Throwable each : seen) {
            TlsFailure one = single(each);
            // A connection that ended is what most failures end with: anything more exact wins.
            if (one != OTHER && (best == OTHER || best == CLOSED)) {
                best = one;
            }
        }
        return best;
    }

    /** What to tell people: the verifier's own words about the peer where there are any. */
    public static String detail(Throwable failure) {
        CertificateException ours =
                find(failure, CertificateException.class, Collections.newSetFromMap(new IdentityHashMap<>()));
        String message = ours != null ? ours.getMessage() : failure.getMessage();
        return message != null ? message : failure.getClass().getSimpleName();
    }

    private static TlsFailure of(RejectionReason reason) {
        return switch (reason) {
            case NO_CERTIFICATE -> NO_CERTIFICATE;
            case MALFORMED -> MALFORMED;
            case NO_SPIFFE_ID, SEVERAL_URI_SANS, BAD_SPIFFE_ID, NO_WORKLOAD_PATH -> NO_SPIFFE_ID;
            case WRONG_TRUST_DOMAIN -> WRONG_TRUST_DOMAIN;
            case LEAF_IS_CA, KEY_USAGE, EXTENDED_KEY_USAGE, SAN_NOT_CRITICAL -> BAD_PROFILE;
            case EXPIRED -> EXPIRED;
            case NOT_YET_VALID -> NOT_YET_VALID;
            case SIGNER_ID, BAD_CHAIN -> BAD_CHAIN;
        };
    }

    private static TlsFailure single(Throwable failure) {
        return switch (failure) {
            case SslHandshakeTimeoutException timeout -> TIMEOUT;
            case NotSslRecordException garbage -> NOT_TLS;
            case CipherRefusedException cipher -> NO_COMMON_PARAMETERS;
            case ClosedChannelException closed -> CLOSED;
            case SslClosedEngineException closed -> CLOSED;
            default -> byMessage(failure);
        };
    }

    /** BoringSSL tells its reasons only in the message, as the names of its error codes. */
    private static TlsFailure byMessage(Throwable failure) {
        String message = failure.getMessage();
        if (message == null) {
            return OTHER;
        }
        String text = message.toUpperCase(Locale.ROOT);
        if (has(text, "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "WRONG_VERSION", "INVALID_PROTOCOL_VERSION")) {
            return VERSION;
        }
        if (has(text, "PEER_DID_NOT_RETURN_A_CERTIFICATE")) {
            return NO_CERTIFICATE;
        }
        if (has(text, "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_", "ALERT_UNSUPPORTED_CERTIFICATE", "UNKNOWN_CA")
                || has(text, "ALERT_ACCESS_DENIED", "ALERT_UNKNOWN_CERTIFICATE", "ALERT_DECRYPT_ERROR")) {
            return REFUSED_BY_PEER;
        }
        if (has(text, "NO_SHARED", "ALERT_HANDSHAKE_FAILURE", "NO_COMMON", "WRONG_CURVE")) {
            return NO_COMMON_PARAMETERS;
        }
        if (has(
                text,
                "HTTP_REQUEST",
                "HTTPS_PROXY_REQUEST",
                "UNEXPECTED_RECORD",
                "UNEXPECTED_MESSAGE",
                "DECODE_ERROR")) {
            return NOT_TLS;
        }
        if (has(text, "CONNECTION CLOSED") || (failure instanceof IOException && has(text, "CONNECTION RESET"))) {
            return CLOSED;
        }
        return OTHER;
    }

    private static boolean has(String text, String... parts) {
        for (String part : parts) {
            if (text.contains(part)) {
                return true;
            }
        }
        return false;
    }

    private static <T extends Throwable> @Nullable T find(
            @Nullable Throwable failure, Class<T> type, Set<Throwable> seen) {
        if (failure == null || !seen.add(failure)) {
            return null;
        }
        if (type.isInstance(failure)) {
            return type.cast(failure);
        }
        T found = find(failure.getCause(), type, seen);
        for (Throwable suppressed : failure.getSuppressed()) {
            found = found != null ? found : find(suppressed, type, seen);
        }
        return found;
    }
}
