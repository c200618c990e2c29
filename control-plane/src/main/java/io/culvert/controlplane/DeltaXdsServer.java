package io.culvert.controlplane;

import io.culvert.proto.xds.AggregatedDiscoveryServiceGrpc;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Serves the cache over delta xDS. Any thread. */
final class DeltaXdsServer extends AggregatedDiscoveryServiceGrpc.AggregatedDiscoveryServiceImplBase {
    private final XdsCache cache;
    private final InstantSource clock;
    private final Set<DeltaStream> streams = ConcurrentHashMap.newKeySet();
    private volatile Runnable onChange = () -> {};

    DeltaXdsServer(XdsCache cache, InstantSource clock) {
        this.cache = cache;
        this.clock = clock;
    }

    @Override
    public StreamObserver<DeltaDiscoveryRequest> deltaAggregatedResources(
            StreamObserver<DeltaDiscoveryResponse> responses) {
        var call = (ServerCallStreamObserver<DeltaDiscoveryResponse>) responses;
        CallerNode.Caller caller = CallerNode.current();
        if (caller.node() == null && !caller.local()) {
            call.onError(Status.UNAUTHENTICATED
                    .withDescription("no valid node token: send \"authorization: Bearer TOKEN\" with the content of the"
                            + " node's file in the controller's token directory")
                    .asRuntimeException());
            return new Refused();
        }
        DeltaStream stream = new DeltaStream(cache, call, caller, clock.instant(), this::changed, this::gone);
        streams.add(stream);
        stream.begin();
        return stream;
    }

    private void gone(DeltaStream stream) {
        streams.remove(stream);
        changed();
    }

    private void changed() {
        onChange.run();
    }

    /** Runs {@code action} when a client came, went or answered; it must not block. */
    void onChange(Runnable action) {
        onChange = action;
    }

    /** The clients that are connected now. */
    List<AgentStatus> clients() {
        return streams.stream().map(DeltaStream::status).toList();
    }

    /** Ends all streams, so that clients go elsewhere or come back. */
    void endAll() {
        streams.forEach(s -> s.end(Status.UNAVAILABLE.withDescription("the control plane is going away")));
    }

    /** What a refused client still sends. */
    private static final class Refused implements StreamObserver<DeltaDiscoveryRequest> {
        @Override
        public void onNext(DeltaDiscoveryRequest request) {}

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
    }
}
