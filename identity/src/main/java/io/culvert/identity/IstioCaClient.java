package io.culvert.identity;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.culvert.proto.ca.IstioCertificateRequest;
import io.culvert.proto.ca.IstioCertificateResponse;
import io.culvert.proto.ca.IstioCertificateServiceGrpc;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks Istio's certificate service ({@code istio.v1.auth.IstioCertificateService}) as a node proxy does: with the node's
 * token, for an identity that it names as {@code ImpersonatedIdentity}. Immutable, any thread.
 */
public final class IstioCaClient implements CertificateSigner {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> CLUSTER_ID =
            Metadata.Key.of("clusterid", Metadata.ASCII_STRING_MARSHALLER);
    private static final String IMPERSONATED_IDENTITY = "ImpersonatedIdentity";

    private final Channel channel;
    private final Supplier<String> token;
    private final @Nullable String clusterId;
    private final Duration timeout;

    /** With the usual timeout. */
    public IstioCaClient(Channel channel, Supplier<String> token, @Nullable String clusterId) {
        this(channel, token, clusterId, RotationSettings.DEFAULT_ATTEMPT_TIMEOUT);
    }

    /**
     * All settings.
     *
     * @param channel to the CA; the caller closes it
     * @param token the node's bearer token, asked for before each call; what it throws fails the call
     * @param clusterId sent as a header, as Istio's CA wants it; null to leave it out
     * @param timeout of one call
     */
    public IstioCaClient(Channel channel, Supplier<String> token, @Nullable String clusterId, Duration timeout) {
        this.channel = channel;
        this.token = token;
        this.clusterId = clusterId;
        this.timeout = timeout;
    }

    @Override
    public CompletableFuture<SignedCertificate> sign(SpiffeId id, String csrPem, Duration ttl) {
        Metadata headers = new Metadata();
        try {
            headers.put(AUTHORIZATION, "Bearer " + token.get());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(
                    new CredentialException("the node token cannot be read: " + e.getMessage(), e));
        }
        if (clusterId != null) {
            headers.put(CLUSTER_ID, clusterId);
        }
        IstioCertificateRequest request = IstioCertificateRequest.newBuilder()
                .setCsr(csrPem)
                .setValidityDuration(ttl.toSeconds())
                .setMetadata(Struct.newBuilder()
                        .putFields(
                                IMPERSONATED_IDENTITY,
                                Value.newBuilder().setStringValue(id.toString()).build()))
                .build();
        Answer answer = new Answer(id);
        IstioCertificateServiceGrpc.newStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .createCertificate(request, answer);
        return answer.result;
    }

    /** Leaf first, roots last; one element may hold several certificates. */
    static SignedCertificate parse(SpiffeId id, List<String> elements) {
        if (elements.size() < 2) {
            throw new CredentialException("the CA answered " + elements.size() + " chain elements for " + id
                    + ": at least a certificate and a root are needed");
        }
        try {
            List<X509Certificate> chain = new ArrayList<>();
            for (String element : elements.subList(0, elements.size() - 1)) {
                chain.addAll(Pem.certificates(element));
            }
            List<X509Certificate> roots = Pem.certificates(elements.getLast());
            if (chain.isEmpty() || roots.isEmpty()) {
                throw new CredentialException("the CA's answer for " + id + " has a chain element without certificate");
            }
            SpiffeId stated = PeerVerifier.statedId(chain.getFirst());
            if (!stated.equals(id)) {
                throw new CredentialException("the CA certified " + stated + " instead of " + id);
            }
            return new SignedCertificate(chain, roots);
        } catch (CertificateException | SpiffeIdException e) {
            throw new CredentialException("the CA's answer for " + id + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static final class Answer implements StreamObserver<IstioCertificateResponse> {
        private final SpiffeId id;
        final CompletableFuture<SignedCertificate> result = new CompletableFuture<>();

        Answer(SpiffeId id) {
            this.id = id;
        }

        @Override
        public void onNext(IstioCertificateResponse response) {
            try {
                result.complete(parse(id, response.getCertChainList()));
            } catch (CredentialException e) {
                result.completeExceptionally(e);
            }
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            String description = status.getDescription();
            result.completeExceptionally(new CredentialException(
                    "the CA refused or did not answer: " + status.getCode()
                            + (description == null ? "" : ": " + description),
                    failure));
        }

        @Override
        public void onCompleted() {
            // Without an answer before it; with one this changes nothing.
            result.completeExceptionally(
                    new CredentialException("the CA ended the call for " + id + " without answer"));
        }
    }
}
