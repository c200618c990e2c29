package io.culvert.waypoint.tunnel;

import io.culvert.identity.CredentialSource;
import io.culvert.identity.CredentialStatus;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.Svid;
import io.culvert.identity.TrustBundle;
import io.culvert.identity.TrustDomain;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A certificate authority that issues at once to every identity that is retained. */
final class TestCredentials implements CredentialSource {
    static final TrustDomain DOMAIN = new TrustDomain("cluster.local");

    private final X509Bundle root;
    private final Map<SpiffeId, Credentials> current = new ConcurrentHashMap<>();

    TestCredentials() throws Exception {
        Instant now = Instant.now();
        root = new CertificateBuilder()
                .ecp256()
                .subject("CN=root")
                .notBefore(now.minusSeconds(3600))
                .notAfter(now.plusSeconds(86_400))
                .setIsCertificateAuthority(true)
                .setKeyUsage(true, KeyUsage.keyCertSign, KeyUsage.cRLSign)
                .buildSelfSigned();
    }

    static SpiffeId id(String account) {
        return SpiffeId.forServiceAccount(DOMAIN, "default", account);
    }

    private Credentials issue(SpiffeId id) {
        try {
            Instant now = Instant.now();
            X509Bundle leaf = new CertificateBuilder()
                    .ecp256()
                    .subject("CN=leaf")
                    .notBefore(now.minusSeconds(60))
                    .notAfter(now.plusSeconds(3600))
                    .setKeyUsage(true, KeyUsage.digitalSignature)
                    .addSanUriName(URI.create(id.toString()))
                    .addExtendedKeyUsageServerAuth()
                    .addExtendedKeyUsageClientAuth()
                    .buildIssuedBy(root);
            Svid svid = new Svid(
                    id, List.of(leaf.getCertificate()), leaf.getKeyPair().getPrivate());
            return new Credentials(svid, new TrustBundle(DOMAIN, List.of(root.getCertificate())));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public @Nullable Credentials current(SpiffeId id) {
        return current.get(id);
    }

    @Override
    public CompletableFuture<Credentials> require(SpiffeId id) {
        Credentials there = current.get(id);
        return there != null
                ? CompletableFuture.completedFuture(there)
                : CompletableFuture.failedFuture(new IllegalStateException("not retained: " + id));
    }

    @Override
    public void retain(SpiffeId id) {
        current.computeIfAbsent(id, this::issue);
    }

    @Override
    public void release(SpiffeId id) {}

    @Override
    public void addListener(Listener listener) {}

    @Override
    public List<CredentialStatus> status() {
        return List.of();
    }

    @Override
    public void close() {}
}
