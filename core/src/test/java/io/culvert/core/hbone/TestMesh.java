package io.culvert.core.hbone;

import io.culvert.core.tls.MeshTls;
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
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A certificate authority, and a credential source that has what the test puts in. */
final class TestMesh implements CredentialSource {
    private final TrustDomain trustDomain = new TrustDomain("cluster.local");
    private final X509Bundle root;
    private final Map<SpiffeId, Credentials> current = new ConcurrentHashMap<>();
    private final Map<SpiffeId, CompletableFuture<Credentials>> wanted = new ConcurrentHashMap<>();
    private final MeshTls meshTls = new MeshTls(InstantSource.system());

    TestMesh() throws Exception {
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

    SpiffeId id(String account) {
        return SpiffeId.forServiceAccount(trustDomain, "default", account);
    }

    /** Gives this account a new certificate, in place of an earlier one. */
    SpiffeId issue(String account, Duration lifetime) throws Exception {
        SpiffeId id = id(account);
        Instant now = Instant.now();
        X509Bundle leaf = new CertificateBuilder()
                .ecp256()
                .subject("CN=leaf")
                .notBefore(now.minusSeconds(60))
                .notAfter(now.plus(lifetime))
                .setKeyUsage(true, KeyUsage.digitalSignature)
                .addSanUriName(URI.create(id.toString()))
                .addExtendedKeyUsageServerAuth()
                .addExtendedKeyUsageClientAuth()
                .buildIssuedBy(root);
        Svid svid =
                new Svid(id, List.of(leaf.getCertificate()), leaf.getKeyPair().getPrivate());
        Credentials credentials = new Credentials(svid, new TrustBundle(trustDomain, List.of(root.getCertificate())));
        current.put(id, credentials);
        CompletableFuture<Credentials> waiting = wanted.remove(id);
        if (waiting != null) {
            waiting.complete(credentials);
        }
        return id;
    }

    SpiffeId issue(String account) throws Exception {
        return issue(account, Duration.ofHours(1));
    }

    TunnelTls tls() {
        return new MeshTunnelTls(meshTls, this);
    }

    MeshTls meshTls() {
        return meshTls;
    }

    Credentials credentials(SpiffeId id) {
        Credentials credentials = current.get(id);
        if (credentials == null) {
            throw new IllegalStateException("issue first: " + id);
        }
        return credentials;
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
                : wanted.computeIfAbsent(id, k -> new CompletableFuture<>());
    }

    @Override
    public void retain(SpiffeId id) {}

    @Override
    public void release(SpiffeId id) {}

    @Override
    public void addListener(Listener listener) {}

    @Override
    public List<CredentialStatus> status() {
        return List.of();
    }

    @Override
    public void close() {
        meshTls.close();
    }
}
