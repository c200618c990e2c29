package io.culvert.controlplane;

import com.google.protobuf.Value;
import io.culvert.core.xds.ResourceType;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.culvert.proto.xds.Node;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's stream. One virtual thread handles its requests and sends while the transport takes more; gRPC's callbacks
 * and the cache only wake it. One request is asked for at a time.
 */
final class DeltaStream implements StreamObserver<DeltaDiscoveryRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(DeltaStream.class);
    /** More names than this waiting for one client means that it does not read: it has to come back. */
    static final int MAX_PENDING = 500_000;

    private final XdsCache cache;
    private final ServerCallStreamObserver<DeltaDiscoveryResponse> responses;
    private final @Nullable String provedNode;
    private final String peer;
    private final Instant since;
    private final Runnable onAnswer;
    private final Consumer<DeltaStream> onClosed;
    private final Runnable wakeUp;
    private final Queue<DeltaDiscoveryRequest> requests = new ConcurrentLinkedQueue<>();
    private final Semaphore signal = new Semaphore(0);
    private volatile boolean closed;
    private volatile AgentStatus status;

    // Owned by the stream's thread.
    private final Map<ResourceType, TypeStream> types = new EnumMap<>(ResourceType.class);
    private String id = "";
    private String node;

    DeltaStream(
            XdsCache cache,
            ServerCallStreamObserver<DeltaDiscoveryResponse> responses,
            CallerNode.Caller caller,
            Instant since,
            Runnable onAnswer,
            Consumer<DeltaStream> onClosed) {
        this.cache = cache;
        this.responses = responses;
        provedNode = caller.node();
        peer = caller.peer();
        this.since = since;
        this.onAnswer = onAnswer;
        this.onClosed = onClosed;
        node = provedNode == null ? "" : provedNode;
        wakeUp = signal::release;
        status = new AgentStatus("", node, provedNode != null, peer, since, Map.of());
    }

    /** Must be called in the service method: gRPC takes handlers only there. */
    void begin() {
        responses.disableAutoInboundFlowControl();
        responses.setOnReadyHandler(wakeUp);
        responses.setOnCancelHandler(this::close);
        responses.setOnCloseHandler(this::close);
        responses.request(1);
        cache.addListener(wakeUp);
        Thread.ofVirtual().name("xds-stream-" + peer).start(this::run);
    }

    AgentStatus status() {
        return status;
    }

    @Override
    public void onNext(DeltaDiscoveryRequest request) {
        requests.add(request);
        signal.release();
    }

    @Override
    public void onError(Throwable t) {
        close();
    }

    @Override
    public void onCompleted() {
        end(Status.OK);
    }

    /** Ends the stream with a status that the client sees. */
    void end(Status why) {
        if (closed) {
            return;
        }
        close();
        // Only one thread may talk to the observer; a cancelled or ended call ignores or refuses this.
        synchronized (responses) {
            try {
                if (why.isOk()) {
                    responses.onCompleted();
                } else {
                    responses.onError(why.asRuntimeException());
                }
            } catch (IllegalStateException | io.grpc.StatusRuntimeException e) {
                LOG.debug("stream of {} had ended already", id, e);
            }
        }
    }

    private void close() {
        closed = true;
        signal.release();
    }

    private void run() {
        try {
            while (!closed) {
                signal.acquire();
                signal.drainPermits();
                work();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.warn("stream of {} failed", id, e);
            end(Status.INTERNAL.withDescription("the control plane failed: " + e.getMessage()));
        } finally {
            closed = true;
            cache.removeListener(wakeUp);
            onClosed.accept(this);
        }
    }

    private void work() {
        for (DeltaDiscoveryRequest request = requests.poll(); request != null; request = requests.poll()) {
            onRequest(request);
            responses.request(1);
        }
        for (TypeStream type : types.values()) {
            if (!type.catchUp() || type.pending() > MAX_PENDING) {
                end(Status.UNAVAILABLE.withDescription(
                        "the client fell too far behind: it has to reconnect with its versions"));
                return;
            }
        }
        while (!closed && responses.isReady() && sendOne()) {
            // One response at a time, as long as the transport takes them.
        }
        Map<ResourceType, AgentStatus.TypeStatus> now = new EnumMap<>(ResourceType.class);
        types.forEach((type, stream) -> now.put(type, stream.status()));
        status = new AgentStatus(id, node, provedNode != null, peer, since, now);
        onAnswer.run();
    }

    /** Policies before the workloads that name them, and their removal after. */
    private boolean sendOne() {
        TypeStream policies = types.get(ResourceType.AUTHORIZATION);
        TypeStream addresses = types.get(ResourceType.ADDRESS);
        TypeStream documents = types.get(ResourceType.DOCUMENT);
        if (policies != null && policies.hasAdditions()) {
            send(policies.take(false));
        } else if (addresses != null && addresses.hasAnything()) {
            send(addresses.take(true));
        } else if (policies != null && policies.hasAnything()) {
            send(policies.take(true));
        } else if (documents != null && documents.hasAnything()) {
            send(documents.take(true));
        } else {
            return false;
        }
        return true;
    }

    private void send(DeltaDiscoveryResponse response) {
        synchronized (responses) {
            if (!closed) {
                responses.onNext(response);
            }
        }
    }

    private void onRequest(DeltaDiscoveryRequest request) {
        if (request.hasNode() && id.isEmpty()) {
            identify(request.getNode());
        }
        ResourceType type = ResourceType.of(request.getTypeUrl());
        if (type == null) {
            if (request.getResponseNonce().isEmpty()) {
                // So that a client that waits for its types goes on.
                send(DeltaDiscoveryResponse.newBuilder()
                        .setTypeUrl(request.getTypeUrl())
                        .setNonce("0-0")
                        .build());
            }
            return;
        }
        TypeStream stream = types.computeIfAbsent(type, t -> new TypeStream(t, cache, node));
        stream.onRequest(request);
        if (request.hasErrorDetail()) {
            LOG.warn("{} refused {}: {}", id, type, request.getErrorDetail().getMessage());
        }
    }

    private void identify(Node sent) {
        id = sent.getId();
        if (provedNode == null) {
            Value name = sent.getMetadata().getFieldsMap().get("NODE_NAME");
            node = name == null ? "" : name.getStringValue();
        }
    }
}
