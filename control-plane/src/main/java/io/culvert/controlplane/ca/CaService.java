package io.culvert.controlplane.ca;

import com.google.protobuf.Value;
import io.culvert.identity.Pem;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.SpiffeIdException;
import io.culvert.proto.ca.IstioCertificateRequest;
import io.culvert.proto.ca.IstioCertificateResponse;
import io.culvert.proto.ca.IstioCertificateServiceGrpc;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.StreamObserver;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Istio's certificate service ({@code istio.v1.auth.IstioCertificateService}) over {@link MeshCa}, for our agents and for
 * ztunnel: the bearer token says which node calls, {@code ImpersonatedIdentity} (or else the request's one URI SAN) which
 * identity it wants, and it gets it only while a pod of that identity runs there. Any thread; reads token files.
 */
public final class CaService implements BindableService {
    private static final Logger log = LoggerFactory.getLogger(CaService.class);
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<String> CALLER_AUTHORIZATION = Context.key("culvert-ca-authorization");
    private static final String IMPERSONATED_IDENTITY = "ImpersonatedIdentity";
    private static final String BEARER = "Bearer ";

    private final MeshCa ca;
    private final NodeAuthenticator nodes;
    private final IdentityGate gate;
    private final RefusalLog refusals;

    public CaService(MeshCa ca, NodeAuthenticator nodes, IdentityGate gate, InstantSource clock) {
        this.ca = ca;
        this.nodes = nodes;
        this.gate = gate;
        this.refusals = new RefusalLog(clock);
    }

    @Override
    public ServerServiceDefinition bindService() {
        return ServerInterceptors.intercept(new Service(), new KeepAuthorization());
    }

    /**
     * One request.
     *
     * @throws StatusException with what the caller did wrong; logged
     */
    private IstioCertificateResponse answer(IstioCertificateRequest request, @Nullable String authorization)
            throws StatusException {
        String node = null;
        String wanted = impersonated(request);
        try {
            node = authenticate(authorization);
            SigningRequest csr = SigningRequest.parse(request.getCsr());
            wanted = wanted.isEmpty() ? onlyUri(csr) : wanted;
            SpiffeId id = authorize(wanted, csr, node);
            X509Certificate leaf = ca.sign(id, csr.key(), Duration.ofSeconds(request.getValidityDuration()));
            log.debug(
                    "Gave node {} a certificate for {} until {}",
                    node,
                    id,
                    leaf.getNotAfter().toInstant());
            return IstioCertificateResponse.newBuilder()
                    .addCertChain(Pem.encode("CERTIFICATE", leaf.getEncoded()))
                    .addCertChain(Pem.encode("CERTIFICATE", ca.root().getEncoded()))
                    .build();
        } catch (SigningRequest.RefusedException e) {
            throw refused(node, wanted, Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        } catch (Refusal e) {
            throw refused(node, wanted, e.status, String.valueOf(e.getMessage()));
        } catch (GeneralSecurityException e) {
            log.error("Cannot sign a certificate for {}", wanted, e);
            throw Status.INTERNAL
                    .withDescription("the CA cannot sign: see the controller's log")
                    .asException();
        }
    }

    private String authenticate(@Nullable String authorization) throws Refusal {
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw new Refusal(
                    Status.UNAUTHENTICATED, "the call has no node token: send \"authorization: Bearer <token>\"");
        }
        String node = nodes.node(authorization.substring(BEARER.length()).strip());
        if (node == null) {
            throw new Refusal(
                    Status.UNAUTHENTICATED,
                    "the token is no node's: check that the agent's token file is the one that the controller has");
        }
        return node;
    }

    private SpiffeId authorize(String wanted, SigningRequest csr, String node) throws Refusal {
        SpiffeId id;
        try {
            id = SpiffeId.parse(wanted);
        } catch (SpiffeIdException e) {
            throw new Refusal(Status.INVALID_ARGUMENT, e.getMessage());
        }
        if (!id.trustDomain().equals(ca.trustDomain())) {
            throw new Refusal(
                    Status.PERMISSION_DENIED,
                    id + " is of another trust domain: this CA is that of " + ca.trustDomain()
                            + ", check --trust-domain of agent and controller");
        }
        if (id.path().isEmpty()) {
            throw new Refusal(Status.INVALID_ARGUMENT, id + " names the trust domain, not a workload");
        }
        // A request for another name is a mistake at best, even though the CA would not follow it.
        for (String uri : csr.uris()) {
            if (!uri.equals(id.toString())) {
                throw new Refusal(
                        Status.INVALID_ARGUMENT, "the signing request is for " + uri + ", the call is for " + id);
            }
        }
        if (!gate.runsOn(id, node)) {
            throw new Refusal(Status.PERMISSION_DENIED, "no pod that runs as " + id + " is on node " + node);
        }
        return id;
    }

    private static String onlyUri(SigningRequest csr) throws Refusal {
        if (csr.uris().size() != 1) {
            throw new Refusal(
                    Status.INVALID_ARGUMENT,
                    "the call names no identity: send metadata " + IMPERSONATED_IDENTITY
                            + ", or a signing request with exactly one URI SAN (it has "
                            + csr.uris().size() + ")");
        }
        return csr.uris().getFirst();
    }

    private static String impersonated(IstioCertificateRequest request) {
        Value value = request.getMetadata().getFieldsMap().get(IMPERSONATED_IDENTITY);
        return value == null ? "" : value.getStringValue();
    }

    private StatusException refused(@Nullable String node, String wanted, Status status, String reason) {
        refusals.refused(node == null ? "(unknown)" : node, printable(wanted), reason);
        return status.withDescription(reason).asException();
    }

    /** What a caller sent goes into one log line and not further. */
    private static String printable(String text) {
        String shown = text.isEmpty() ? "(no identity)" : text.replaceAll("[^\\x21-\\x7e]", "?");
        return shown.length() > 200 ? shown.substring(0, 200) + "…" : shown;
    }

    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Status status;

        Refusal(Status status, String message) {
            super(message);
            this.status = status;
        }
    }

    private final class Service extends IstioCertificateServiceGrpc.IstioCertificateServiceImplBase {
        @Override
        public void createCertificate(
                IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> observer) {
            try {
                observer.onNext(answer(request, CALLER_AUTHORIZATION.get()));
                observer.onCompleted();
            } catch (StatusException e) {
                observer.onError(e);
            }
        }
    }

    private static final class KeepAuthorization implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            Context context = Context.current().withValue(CALLER_AUTHORIZATION, headers.get(AUTHORIZATION));
            return Contexts.interceptCall(context, call, headers, next);
        }
    }
}
