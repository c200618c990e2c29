package io.culvert.identity;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/**
 * One certificate: a new key, a request for it, and what the CA made of it checked before anyone uses it. Immutable, any
 * thread.
 */
final class Issuance {
    private final CertificateSigner signer;
    private final Duration ttl;
    private final InstantSource clock;
    private final PeerVerifier verifier = new PeerVerifier();

    Issuance(CertificateSigner signer, Duration ttl, InstantSource clock) {
        this.signer = signer;
        this.ttl = ttl;
        this.clock = clock;
    }

    /** Completes exceptionally with the reason when there is no certificate, or none that is of use. */
    CompletableFuture<Credentials> obtain(SpiffeId id) {
        try {
            Csr csr = Csr.create(id);
            return signer.sign(id, csr.pem(), ttl).thenApply(signed -> check(id, csr, signed));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Whoever signed: what does not prove this identity with this key must not get into a handshake. */
    private Credentials check(SpiffeId id, Csr csr, SignedCertificate signed) {
        if (signed.chain().isEmpty() || signed.roots().isEmpty()) {
            throw new CredentialException("the CA answered without a certificate or without its root");
        }
        TrustBundle bundle = new TrustBundle(id.trustDomain(), signed.roots());
        switch (verifier.verify(signed.chain(), bundle, clock.instant())) {
            case Verdict.Rejected(RejectionReason reason, String detail) ->
                throw new CredentialException("the CA's certificate for " + id + " is of no use: " + detail);
            case Verdict.Verified(SpiffeId stated) -> {
                if (!stated.equals(id)) {
                    throw new CredentialException("the CA certified " + stated + " instead of " + id);
                }
            }
        }
        if (!signed.chain().getFirst().getPublicKey().equals(csr.publicKey())) {
            throw new CredentialException("the CA certified a key for " + id + " that is not the one sent");
        }
        return new Credentials(new Svid(id, signed.chain(), csr.privateKey()), bundle);
    }
}
