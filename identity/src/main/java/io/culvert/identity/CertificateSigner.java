package io.culvert.identity;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A CA: turns a signing request into a certificate. Any thread; may block the calling virtual thread. */
@FunctionalInterface
public interface CertificateSigner {
    /**
     * Asks for a certificate.
     *
     * @param id the identity wanted, also the only SAN of the request
     * @param csrPem PKCS#10
     * @param ttl the lifetime wished for; the CA may give less
     * @return completes exceptionally with the reason when there is no certificate
     */
    CompletableFuture<SignedCertificate> sign(SpiffeId id, String csrPem, Duration ttl);
}
