package io.culvert.core.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.core.tls.TlsLoopback.Outcome;
import io.culvert.identity.Credentials;
import io.culvert.identity.Svid;
import io.culvert.identity.TrustBundles;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MeshTlsTest {
    private final AtomicInteger looksAtTheClock = new AtomicInteger();
    private final InstantSource clock = () -> {
        looksAtTheClock.incrementAndGet();
        return TestAuthority.NOW;
    };
    private final MeshTls tls = new MeshTls(clock, Duration.ofMillis(1500), KeyAgreement.HYBRID);
    private TestAuthority mesh;
    private Credentials web;
    private Credentials shop;
    private TlsLoopback server;

    @BeforeEach
    void start() throws Exception {
        mesh = new TestAuthority("cluster.local");
        web = mesh.credentials("web");
        shop = mesh.credentials("shop");
        server = new TlsLoopback(tls, tls.server(shop));
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        tls.close();
    }

    @Test
    void bothSidesProveTheirIdentity() throws Exception {
        Outcome client = server.connect(tls.client(web));
        Outcome accepted = server.accepted();

        assertThat(client.failure()).isNull();
        assertThat(accepted.failure()).isNull();
        SSLSession session = client.handler().engine().getSession();
        assertThat(session.getProtocol()).isEqualTo("TLSv1.3");
        assertThat(session.getCipherSuite()).matches("TLS_AES_(128|256)_GCM_SHA(256|384)");
        assertThat(client.handler().applicationProtocol()).isEqualTo("h2");
        assertThat(accepted.handler().applicationProtocol()).isEqualTo("h2");
        assertThat(MeshTls.peerId(session)).isEqualTo(mesh.id("shop"));
        assertThat(MeshTls.peerNotAfter(session)).isEqualTo(shop.notAfter());
        assertThat(MeshTls.peerId(accepted.handler().engine().getSession())).isEqualTo(mesh.id("web"));
        assertThat(server.echo(client, "hello")).isEqualTo("hello");
    }

    @Test
    void hasNoPeerBeforeTheHandshake() {
        SSLEngine engine = tls.client(web).newEngine(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT);
        try {
            assertThatThrownBy(() -> MeshTls.peerId(engine.getSession())).isInstanceOf(IllegalStateException.class);
        } finally {
            ReferenceCountUtil.release(engine);
        }
    }

    static Stream<Arguments> badCertificates() {
        return Stream.of(
                bad("two URI SANs", TlsFailure.NO_SPIFFE_ID, leaf -> uri(uri(leaf, "web"), "shop")),
                bad("only a DNS SAN", TlsFailure.NO_SPIFFE_ID, leaf -> leaf.addSanDnsName("web.default.svc")),
                bad(
                        "an https SAN",
                        TlsFailure.NO_SPIFFE_ID,
                        leaf -> leaf.addSanUriName(URI.create("https://cluster.local/ns/default/sa/web"))),
                bad(
                        "the trust domain's own ID",
                        TlsFailure.NO_SPIFFE_ID,
                        leaf -> leaf.addSanUriName(URI.create("spiffe://cluster.local"))),
                bad(
                        "expired",
                        TlsFailure.EXPIRED,
                        leaf -> uri(leaf, "web").notAfter(TestAuthority.NOW.minusSeconds(1))),
                bad(
                        "not yet valid",
                        TlsFailure.NOT_YET_VALID,
                        leaf -> uri(leaf, "web").notBefore(TestAuthority.NOW.plusSeconds(60))),
                bad("a CA's", TlsFailure.BAD_PROFILE, leaf -> uri(leaf, "web").setIsCertificateAuthority(true)),
                bad(
                        "key usage of a CA",
                        TlsFailure.BAD_PROFILE,
                        leaf -> uri(leaf, "web").setKeyUsage(true, KeyUsage.digitalSignature, KeyUsage.keyCertSign)),
                bad(
                        "for code signing",
                        TlsFailure.BAD_PROFILE,
                        leaf -> uri(leaf, "web").addExtendedKeyUsageCodeSigning()),
                bad(
                        "of an unknown trust domain",
                        TlsFailure.WRONG_TRUST_DOMAIN,
                        leaf -> leaf.addSanUriName(URI.create("spiffe://other.example/ns/default/sa/web"))));
    }

    private static Arguments bad(String name, TlsFailure expected, UnaryOperator<CertificateBuilder> change) {
        return Arguments.of(name, expected, change);
    }

    private static CertificateBuilder uri(CertificateBuilder leaf, String serviceAccount) {
        return leaf.addSanUriName(URI.create("spiffe://cluster.local/ns/default/sa/" + serviceAccount));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("badCertificates")
    void refusesBadCertificatesOnEitherSide(String name, TlsFailure expected, UnaryOperator<CertificateBuilder> change)
            throws Exception {
        Credentials bad = mesh.credentials("web", change);

        Outcome refused = refusedByServer(tls.client(bad));
        assertThat(refused.kind()).isEqualTo(expected);
        assertThat(TlsFailure.detail(refused.error())).containsAnyOf("certificate", "spiffe:", "SPIFFE");

        try (TlsLoopback badServer = new TlsLoopback(tls, tls.server(bad))) {
            assertThat(badServer.connect(tls.client(shop)).kind()).isEqualTo(expected);
            assertThat(badServer.accepted().kind()).isEqualTo(TlsFailure.REFUSED_BY_PEER);
        }
        assertThat(server.connect(tls.client(shop)).failure()).isNull();
    }

    @Test
    void refusesAnAuthorityOfTheSameName() throws Exception {
        Credentials impostor = new TestAuthority("cluster.local").credentials("web");
        assertThat(refusedByServer(tls.client(trusting(impostor))).kind()).isEqualTo(TlsFailure.BAD_CHAIN);
        assertThat(refusedByServer(tls.client(mesh.selfSigned("web"))).kind()).isEqualTo(TlsFailure.BAD_CHAIN);
    }

    @Test
    void acceptsAnotherTrustDomainOnlyByItsOwnBundle() throws Exception {
        TestAuthority east = new TestAuthority("east.example");
        TrustBundles both = TrustBundles.of(List.of(mesh.bundle(), east.bundle()));
        Credentials federated = new Credentials(shop.svid(), mesh.bundle(), both);
        Credentials fromEast = east.credentials("web");
        Credentials visitor = new Credentials(fromEast.svid(), east.bundle(), both);
        try (TlsLoopback open = new TlsLoopback(tls, tls.server(federated))) {
            assertThat(open.connect(tls.client(visitor)).failure()).isNull();
            assertThat(MeshTls.peerId(open.accepted().handler().engine().getSession()))
                    .isEqualTo(east.id("web"));
            // east's root vouches for an ID of the mesh: it must not.
            Credentials forged = east.credentials("web", leaf -> uri(leaf, "web"));
            open.connect(tls.client(new Credentials(forged.svid(), east.bundle(), both)));
            assertThat(open.accepted().kind()).isEqualTo(TlsFailure.BAD_CHAIN);
        }
    }

    @Test
    void refusesAClientWithoutCertificate() throws Exception {
        try (SSLSocket socket = jdkSocket(jdkContext(null), "TLSv1.3")) {
            assertThat(server.accepted().kind()).isEqualTo(TlsFailure.NO_CERTIFICATE);
            assertThat(socket.isConnected()).isTrue();
        }
    }

    @Test
    void refusesTls12AndSaysSo() throws Exception {
        SSLSocket socket = (SSLSocket)
                jdkContext(web).getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port());
        try (socket) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThatThrownBy(socket::startHandshake).hasMessageContaining("protocol_version");
            assertThat(server.accepted().kind()).isEqualTo(TlsFailure.VERSION);
        }
    }

    @Test
    void speaksAesGcmOnly() throws Exception {
        SslContext chaCha = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3")
                .ciphers(List.of("TLS_CHACHA20_POLY1305_SHA256"))
                .keyManager(web.svid().key(), web.svid().chain())
                .trustManager(new TrustAll())
                .endpointIdentificationAlgorithm(null)
                .build();
        Outcome refused = refusedByServer(chaCha);
        assertThat(refused.kind()).isEqualTo(TlsFailure.NO_COMMON_PARAMETERS);
        assertThat(TlsFailure.detail(refused.error())).contains("TLS_CHACHA20_POLY1305_SHA256");
    }

    @Test
    void givesUpOnAClientThatNeverFinishes() throws Exception {
        try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            // The head of a handshake record, and nothing after it.
            silent.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1});
            assertThat(server.accepted().kind()).isEqualTo(TlsFailure.TIMEOUT);
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void namesWhatIsNotTls() throws Exception {
        for (String text : List.of("GET / HTTP/1.1\r\nHost: shop\r\n\r\n", "\0\0\0\0\0\0\0\0", "SSH-2.0-x\r\n")) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.getOutputStream().write(text.getBytes(US_ASCII));
                assertThat(server.accepted().kind()).as(text).isEqualTo(TlsFailure.NOT_TLS);
            }
        }
    }

    @Test
    void callsAnEarlyEndClosed() throws Exception {
        new Socket(InetAddress.getLoopbackAddress(), server.port()).close();
        assertThat(server.accepted().kind()).isEqualTo(TlsFailure.CLOSED);
    }

    @Test
    void verifiesEveryConnectionAndGivesOutNoTickets() throws Exception {
        // A client that would take tickets and use them.
        SslContext jdk = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3")
                .keyManager(web.svid().key(), web.svid().chain())
                .trustManager(new TrustAll())
                .endpointIdentificationAlgorithm(null)
                .build();
        for (int connection = 1; connection <= 2; connection++) {
            Outcome client = server.connect(jdk);
            assertThat(server.accepted().failure()).isNull();
            assertThat(looksAtTheClock).hasValue(connection);
            assertThat(server.echo(client, "x")).isEqualTo("x");
            // The record of the answer, and no ticket before it: header, byte, type, tag.
            assertThat(server.bytesSinceHandshake(client)).isEqualTo(5 + 1 + 1 + 16);
        }
        // And between two of ours: each side looks, each time.
        looksAtTheClock.set(0);
        for (int connection = 1; connection <= 2; connection++) {
            assertThat(server.echo(server.connect(tls.client(web)), "y")).isEqualTo("y");
            assertThat(server.accepted().failure()).isNull();
            assertThat(looksAtTheClock).hasValue(2 * connection);
        }
    }

    private Outcome refusedByServer(SslContext client) throws InterruptedException {
        // TLS 1.3: the client is done before the server has seen its certificate; what counts is the server's word.
        server.connect(client);
        return server.accepted();
    }

    /** The same SVID, by someone who would accept the mesh. */
    private Credentials trusting(Credentials other) {
        return new Credentials(
                new Svid(other.id(), other.svid().chain(), other.svid().key()), mesh.bundle());
    }

    private SSLSocket jdkSocket(SSLContext context, String protocol) throws Exception {
        SSLSocket socket =
                (SSLSocket) context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port());
        socket.setEnabledProtocols(new String[] {protocol});
        socket.startHandshake();
        return socket;
    }

    private static SSLContext jdkContext(@Nullable Credentials credentials) throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        if (credentials != null) {
            X509Certificate[] chain = credentials.svid().chain().toArray(new X509Certificate[0]);
            store.setKeyEntry("svid", credentials.svid().key(), new char[0], chain);
        }
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), new TrustManager[] {new TrustAll()}, null);
        return context;
    }

    private static final class TrustAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
