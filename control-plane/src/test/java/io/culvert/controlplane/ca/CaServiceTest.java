package io.culvert.controlplane.ca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.culvert.identity.CredentialException;
import io.culvert.identity.Credentials;
import io.culvert.identity.Csr;
import io.culvert.identity.IstioCaClient;
import io.culvert.identity.PeerVerifier;
import io.culvert.identity.Pem;
import io.culvert.identity.RotatingCredentialSource;
import io.culvert.identity.RotationSettings;
import io.culvert.identity.SignedCertificate;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import io.culvert.identity.Verdict;
import io.culvert.proto.ca.IstioCertificateRequest;
import io.culvert.proto.ca.IstioCertificateResponse;
import io.culvert.proto.ca.IstioCertificateServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.MetadataUtils;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaServiceTest {
    private static final TrustDomain DOMAIN = new TrustDomain("cluster.local");
    private static final SpiffeId WEB = SpiffeId.forServiceAccount(DOMAIN, "default", "web");
    private static final SpiffeId SHOP = SpiffeId.forServiceAccount(DOMAIN, "default", "shop");
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir
    private Path directory;

    private final Set<String> running = ConcurrentHashMap.newKeySet();
    private MeshCa ca;
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        Path tokens = Files.createDirectory(directory.resolve("tokens"));
        Files.writeString(tokens.resolve("node-a"), "token-a\n");
        Files.writeString(tokens.resolve("node-b"), "token-b\n");
        running.add(WEB + " on node-a");
        running.add(SHOP + " on node-b");
        ca = MeshCa.open(directory.resolve("state"), DOMAIN, Duration.ofHours(24), Instant::now);
        CaService service = new CaService(
                ca,
                new NodeTokens(tokens, Instant::now),
                (id, node) -> running.contains(id + " on " + node),
                Instant::now);
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(service)
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }

    @Test
    void agentAndCaAgreeOnIdentityKeyAndLifetime() throws Exception {
        Csr csr = Csr.create(WEB);
        SignedCertificate signed =
                client("token-a").sign(WEB, csr.pem(), Duration.ofMinutes(5)).get(10, TimeUnit.SECONDS);
        assertThat(new PeerVerifier().verify(signed.chain(), ca.bundle(), Instant.now()))
                .isEqualTo(new Verdict.Verified(WEB));
        assertThat(signed.roots()).containsExactly(ca.root());
        X509Certificate leaf = signed.chain().getFirst();
        assertThat(leaf.getPublicKey()).isEqualTo(csr.publicKey());
        assertThat(Duration.between(Instant.now(), leaf.getNotAfter().toInstant()))
                .isBetween(Duration.ofSeconds(280), Duration.ofSeconds(300));
    }

    @Test
    void sourceRotatesOverTheWire() throws Exception {
        CountDownLatch rotations = new CountDownLatch(2);
        try (RotatingCredentialSource source = RotatingCredentialSource.start(
                client("token-a"), RotationSettings.of(Duration.ofSeconds(6)), Instant::now, new Random(3))) {
            source.addListener((id, current) -> rotations.countDown());
            source.retain(WEB);
            source.retain(SHOP);
            Credentials first = source.require(WEB, Duration.ofSeconds(10)).get();
            assertThat(first.id()).isEqualTo(WEB);
            assertThat(source.require(SHOP, Duration.ofSeconds(1)))
                    .failsWithin(Duration.ofSeconds(10))
                    .withThrowableThat()
                    .withMessageContaining("PERMISSION_DENIED: no pod that runs as " + SHOP + " is on node node-a");
            // The pod moves; nobody tells the source, it asks again by itself.
            running.add(SHOP + " on node-a");
            assertThat(source.require(SHOP, Duration.ofSeconds(10)).get().id()).isEqualTo(SHOP);
            assertThat(rotations.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void refusesStrangersAndIdentitiesOfOtherNodes() {
        assertRefused("token-b", WEB.toString(), Status.Code.PERMISSION_DENIED, "is on node node-b");
        assertRefused("token-x", WEB.toString(), Status.Code.UNAUTHENTICATED, "the token is no node's");
        assertRefused("", WEB.toString(), Status.Code.UNAUTHENTICATED, "the token is no node's");
        assertThatThrownBy(() -> IstioCertificateServiceGrpc.newBlockingStub(channel)
                        .createCertificate(
                                request(WEB.toString(), Csr.create(WEB).pem())))
                .hasMessageContaining("UNAUTHENTICATED")
                .hasMessageContaining("no node token");
        running.remove(WEB + " on node-a");
        assertRefused("token-a", WEB.toString(), Status.Code.PERMISSION_DENIED, "no pod that runs as");
    }

    @Test
    void refusesNamesThatAreNoneOfItsMesh() {
        assertRefused("token-a", "spiffe://other/ns/a/sa/b", Status.Code.PERMISSION_DENIED, "another trust domain");
        assertRefused("token-a", "spiffe://cluster.local", Status.Code.INVALID_ARGUMENT, "not a workload");
        assertRefused("token-a", "web", Status.Code.INVALID_ARGUMENT, "does not start with spiffe://");
        assertRefused("token-a", WEB + "\n/x", Status.Code.INVALID_ARGUMENT, "U+000A");
    }

    @Test
    void refusesRequestsThatContradictThemselves() throws Exception {
        String forShop = Csr.create(SHOP).pem();
        assertThat(refusal("token-a", request(WEB.toString(), forShop)))
                .contains("INVALID_ARGUMENT", "the signing request is for " + SHOP + ", the call is for " + WEB);
        assertThat(refusal("token-a", request(WEB.toString(), "hello"))).contains("no PEM block CERTIFICATE REQUEST");
        assertThat(refusal("token-a", request(WEB.toString(), "x".repeat(20_000))))
                .contains("at most 16384");
        String cut = Csr.create(WEB).pem().replaceFirst("\n[^\n]{64}\n", "\n");
        assertThat(refusal("token-a", request(WEB.toString(), cut))).contains("INVALID_ARGUMENT", "cannot be read");
        assertThat(refusal("token-a", request(WEB.toString(), csr(keys("EC", 256), keys("EC", 256), WEB))))
                .contains("not signed by its own key");
        assertThat(refusal("token-a", request(WEB.toString(), csr(keys("RSA", 1024), null, WEB))))
                .contains("1024 bits");
        assertThat(refusal("token-a", request(WEB.toString(), csr(keys("EC", 521), null, WEB))))
                .contains("521 bits: use P-256");
        assertThat(refusal("token-a", request(WEB.toString(), csr(keys("Ed25519", 0), null, WEB))))
                .contains("are not accepted: use EC P-256");
    }

    @Test
    void takesTheIdentityFromTheRequestWhenTheCallNamesNone() throws Exception {
        IstioCertificateResponse answer = call("token-a", request("", csr(keys("RSA", 2048), null, WEB)));
        X509Certificate leaf = Pem.certificates(answer.getCertChain(0)).getFirst();
        assertThat(new PeerVerifier().verify(List.of(leaf), ca.bundle(), Instant.now()))
                .isEqualTo(new Verdict.Verified(WEB));
        assertThat(leaf.getPublicKey().getAlgorithm()).isEqualTo("RSA");
        assertThat(answer.getCertChainCount()).isEqualTo(2);
        assertThat(Pem.certificates(answer.getCertChain(1))).containsExactly(ca.root());

        assertThat(refusal("token-a", request("", csr(keys("EC", 256), null))))
                .contains("exactly one URI SAN (it has 0)");
        assertThat(refusal("token-a", request("", csr(keys("EC", 256), null, WEB, SHOP))))
                .contains("exactly one URI SAN (it has 2)");
    }

    @Test
    void clientTellsWhatIsWrongWithTokenAndCa() throws Exception {
        IstioCaClient unreadable = new IstioCaClient(
                channel,
                () -> {
                    throw new IllegalStateException("/etc/token: no such file");
                },
                null);
        assertThat(failure(unreadable)).hasMessageContaining("the node token cannot be read: /etc/token: no such file");
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        assertThat(failure(client("token-a"))).hasMessageContaining("UNAVAILABLE");
    }

    private static CredentialException failure(IstioCaClient client) {
        ExecutionException failed = catchThrowableOfType(
                ExecutionException.class,
                () -> client.sign(WEB, Csr.create(WEB).pem(), Duration.ofHours(1))
                        .get(20, TimeUnit.SECONDS));
        return (CredentialException) java.util.Objects.requireNonNull(failed.getCause());
    }

    private IstioCaClient client(String token) {
        return new IstioCaClient(channel, () -> token, "Kubernetes");
    }

    private void assertRefused(String token, String identity, Status.Code code, String detail) {
        assertThat(refusal(token, request(identity, Csr.create(WEB).pem())))
                .startsWith(code + ": ")
                .contains(detail);
    }

    private String refusal(String token, IstioCertificateRequest request) {
        return String.valueOf(catchThrowableOfType(StatusRuntimeException.class, () -> call(token, request))
                .getMessage());
    }

    private IstioCertificateResponse call(String token, IstioCertificateRequest request) {
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION, "Bearer " + token);
        return IstioCertificateServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .createCertificate(request);
    }

    private static IstioCertificateRequest request(String impersonated, String csr) {
        IstioCertificateRequest.Builder request =
                IstioCertificateRequest.newBuilder().setCsr(csr).setValidityDuration(3600);
        if (!impersonated.isEmpty()) {
            request.setMetadata(Struct.newBuilder()
                    .putFields(
                            "ImpersonatedIdentity",
                            Value.newBuilder().setStringValue(impersonated).build()));
        }
        return request.build();
    }

    private static KeyPair keys(String algorithm, int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        if (bits > 0) {
            generator.initialize(bits);
        }
        return generator.generateKeyPair();
    }

    /** A request as another implementation makes it, signed with {@code signer} instead of its own key if there is one. */
    private static String csr(KeyPair keys, @org.jspecify.annotations.Nullable KeyPair signer, SpiffeId... ids)
            throws Exception {
        JcaPKCS10CertificationRequestBuilder builder =
                new JcaPKCS10CertificationRequestBuilder(new X500Principal(""), keys.getPublic());
        if (ids.length > 0) {
            GeneralName[] names = new GeneralName[ids.length];
            for (int i = 0; i < ids.length; i++) {
                names[i] = new GeneralName(GeneralName.uniformResourceIdentifier, ids[i].toString());
            }
            builder.addAttribute(
                    PKCSObjectIdentifiers.pkcs_9_at_extensionRequest,
                    new Extensions(Extension.create(Extension.subjectAlternativeName, false, new GeneralNames(names))));
        }
        String algorithm = switch (keys.getPublic().getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "Ed25519";
        };
        KeyPair by = signer == null ? keys : signer;
        return Pem.encode(
                "CERTIFICATE REQUEST",
                builder.build(new JcaContentSignerBuilder(algorithm).build(by.getPrivate()))
                        .getEncoded());
    }
}
