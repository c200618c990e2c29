package io.culvert.perf.jmh;

import io.culvert.core.tls.KeyAgreement;
import io.culvert.core.tls.MeshTls;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.Svid;
import io.culvert.identity.TrustBundle;
import io.culvert.identity.TrustDomain;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.net.URI;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a new tunnel costs: a whole mutual handshake, both sides on one thread, without sockets. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class HandshakeBenchmark {
    private static final TrustDomain DOMAIN = new TrustDomain("cluster.local");

    @Param({"HYBRID", "CLASSICAL"})
    public KeyAgreement keyAgreement = KeyAgreement.HYBRID;

    private @Nullable MeshTls tls;
    private @Nullable Credentials client;
    private @Nullable Credentials server;

    @Setup(Level.Trial)
    public void issue() throws Exception {
        tls = new MeshTls(InstantSource.system(), MeshTls.HANDSHAKE_TIMEOUT, keyAgreement);
        Instant now = Instant.now();
        X509Bundle root = new CertificateBuilder()
                .ecp256()
                .subject("CN=root")
                .notBefore(now.minusSeconds(3600))
                .notAfter(now.plusSeconds(86_400))
                .setIsCertificateAuthority(true)
                .setKeyUsage(true, KeyUsage.keyCertSign, KeyUsage.cRLSign)
                .buildSelfSigned();
        client = credentials(root, "client");
        server = credentials(root, "server");
    }

    private static Credentials credentials(X509Bundle root, String account) throws Exception {
        SpiffeId id = SpiffeId.forServiceAccount(DOMAIN, "default", account);
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
        Svid svid =
                new Svid(id, List.of(leaf.getCertificate()), leaf.getKeyPair().getPrivate());
        return new Credentials(svid, new TrustBundle(DOMAIN, List.of(root.getCertificate())));
    }

    @TearDown(Level.Trial)
    public void close() {
        Objects.requireNonNull(tls).close();
    }

    @Benchmark
    public int handshake() {
        MeshTls mesh = Objects.requireNonNull(tls);
        SslHandler here = mesh.newHandler(mesh.client(Objects.requireNonNull(client)), ByteBufAllocator.DEFAULT);
        SslHandler there = mesh.newHandler(mesh.server(Objects.requireNonNull(server)), ByteBufAllocator.DEFAULT);
        EmbeddedChannel one = new EmbeddedChannel(here);
        EmbeddedChannel other = new EmbeddedChannel(there);
        int bytes = 0;
        int moved;
        do {
            moved = carry(one, other) + carry(other, one);
            bytes += moved;
        } while (moved > 0);
        if (!here.handshakeFuture().isSuccess() || !there.handshakeFuture().isSuccess()) {
            throw new AssertionError("no handshake");
        }
        one.finishAndReleaseAll();
        other.finishAndReleaseAll();
        return bytes;
    }

    private static int carry(EmbeddedChannel from, EmbeddedChannel to) {
        int bytes = 0;
        for (ByteBuf out = from.readOutbound(); out != null; out = from.readOutbound()) {
            bytes += out.readableBytes();
            to.writeInbound(out);
        }
        return bytes;
    }
}
