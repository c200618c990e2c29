package io.culvert.core.tls;

import io.culvert.identity.PeerVerifier;
import io.culvert.identity.RejectionReason;
import io.culvert.identity.TrustBundles;
import io.culvert.identity.Verdict;
import io.netty.handler.ssl.OpenSslCertificateException;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.CertificateVerifier;
import io.netty.internal.tcnative.SSL;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Puts {@link PeerVerifier} into both sides of the handshake. Immutable, any thread. */
final class MeshTrustManager extends X509ExtendedTrustManager {
    private final PeerVerifier verifier = new PeerVerifier();
    private final TrustBundles bundles;
    private final InstantSource clock;

    MeshTrustManager(TrustBundles bundles, InstantSource clock) {
        this.bundles = bundles;
        this.clock = clock;
    }

    private void verify(X509Certificate[] chain, @Nullable SSLEngine engine) throws CertificateException {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            // The engine's session does not know it before the handshake is done.
            refuseOtherCiphers(String.valueOf(SSL.getCipherForSSL(openSsl.sslPointer())));
        }
        verify(chain);
    }

    /** BoringSSL cannot be told to leave ChaCha20-Poly1305 out of TLS 1.3: the mesh speaks AES-GCM, as Istio's does. */
    private static void refuseOtherCiphers(String cipher) throws CertificateException {
        if (!MeshSslContext.CIPHERS.contains(cipher)) {
            CipherRefusedException refused = new CipherRefusedException(
                    "the peer speaks " + cipher + ", accepted are " + MeshSslContext.CIPHERS);
            throw new OpenSslCertificateException(
                    refused.getMessage(), refused, CertificateVerifier.X509_V_ERR_APPLICATION_VERIFICATION);
        }
    }

    private void verify(X509Certificate[] chain) throws CertificateException {
        switch (verifier.verify(Arrays.asList(chain), bundles, clock.instant())) {
            case Verdict.Verified verified -> {}
            case Verdict.Rejected(RejectionReason reason, String detail) ->
                throw new OpenSslCertificateException(detail, new PeerRejectedException(reason, detail), code(reason));
        }
    }

    /** What the peer is told: the alert that BoringSSL makes of this code (RFC 8446 section 6.2). */
    private static int code(RejectionReason reason) {
        return switch (reason) {
            case EXPIRED -> CertificateVerifier.X509_V_ERR_CERT_HAS_EXPIRED;
            case NOT_YET_VALID -> CertificateVerifier.X509_V_ERR_CERT_NOT_YET_VALID;
            case WRONG_TRUST_DOMAIN, BAD_CHAIN -> CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
            case NO_CERTIFICATE,
                    MALFORMED,
                    NO_SPIFFE_ID,
                    SEVERAL_URI_SANS,
                    BAD_SPIFFE_ID,
                    NO_WORKLOAD_PATH,
                    LEAF_IS_CA,
                    KEY_USAGE,
                    EXTENDED_KEY_USAGE,
                    SAN_NOT_CRITICAL,
                    SIGNER_ID -> CertificateVerifier.X509_V_ERR_CERT_REJECTED;
        };
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        verify(chain, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        verify(chain, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verify(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verify(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        verify(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        verify(chain);
    }

    /** None: the names of the roots would only lengthen each handshake and tell strangers who is asked. */
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
