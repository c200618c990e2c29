package io.culvert.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.controlplane.ca.MeshCa;
import io.culvert.controlplane.ca.ServingCertificate;
import io.culvert.identity.TrustDomain;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingTlsTest {
    @TempDir
    private Path state;

    private @Nullable RuntimeException trouble;

    @Test
    void newConnectionsSeeTheRenewedCertificateAndAFailedRenewalTheOldOne() throws Exception {
        MeshCa ca = MeshCa.open(state, new TrustDomain("cluster.local"), Duration.ofDays(1), InstantSource.system());
        Supplier<ServingCertificate> certificates = () -> {
            if (trouble != null) {
                throw trouble;
            }
            return ca.serving(List.of("localhost"));
        };
        ServingTls tls = new ServingTls(certificates);
        SslContext server = tls.context();
        BigInteger first = serial(server, ca.root());
        assertThat(serial(server, ca.root())).isEqualTo(first);
        tls.renew();
        BigInteger second = serial(server, ca.root());
        assertThat(second).isNotEqualTo(first);
        trouble = new IllegalStateException("expected by this test");
        tls.renew();
        assertThat(serial(server, ca.root())).isEqualTo(second);
    }

    /** Of the certificate that a handshake shows to a client which trusts {@code root}. */
    private static BigInteger serial(SslContext server, X509Certificate root) throws SSLException {
        SslContext trusting = SslContextBuilder.forClient().trustManager(root).build();
        SSLEngine there = server.newEngine(UnpooledByteBufAllocator.DEFAULT);
        SSLEngine here = trusting.newEngine(UnpooledByteBufAllocator.DEFAULT, "localhost", 1);
        ByteBuffer toServer = ByteBuffer.allocate(64 << 10);
        ByteBuffer toClient = ByteBuffer.allocate(64 << 10);
        here.beginHandshake();
        there.beginHandshake();
        for (int i = 0; i < 20 && !(isOver(here) && isOver(there)); i++) {
            step(here, toClient, toServer);
            step(there, toServer, toClient);
        }
        return ((X509Certificate) here.getSession().getPeerCertificates()[0]).getSerialNumber();
    }

    private static boolean isOver(SSLEngine engine) {
        return engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING;
    }

    private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
        ByteBuffer nothing = ByteBuffer.allocate(0);
        ByteBuffer data = ByteBuffer.allocate(64 << 10);
        in.flip();
        while (in.hasRemaining() && engine.unwrap(in, data).bytesConsumed() > 0) {
            tasks(engine);
        }
        in.compact();
        tasks(engine);
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP
                && engine.wrap(nothing, out).bytesProduced() > 0) {
            tasks(engine);
        }
    }

    private static void tasks(SSLEngine engine) {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }
}
