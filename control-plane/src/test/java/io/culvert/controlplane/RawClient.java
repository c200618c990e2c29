package io.culvert.controlplane;

import io.culvert.core.xds.ResourceType;
import io.culvert.proto.xds.AggregatedDiscoveryServiceGrpc;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.culvert.proto.xds.Node;
import io.culvert.proto.xds.Resource;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A delta stream by hand. With {@code manual} it takes a response only when asked to. */
final class RawClient implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    private final BlockingQueue<DeltaDiscoveryResponse> responses = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final boolean manual;
    private @Nullable ClientCallStreamObserver<DeltaDiscoveryRequest> call;

    RawClient(Channel channel, boolean manual) {
        this.manual = manual;
        var _ = AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> requests) {
        call = requests;
        if (manual) {
            requests.disableAutoRequestWithInitial(0);
        }
    }

    private ClientCallStreamObserver<DeltaDiscoveryRequest> call() {
        if (call == null) {
            throw new IllegalStateException();
        }
        return call;
    }

    void send(DeltaDiscoveryRequest.Builder request) {
        call().onNext(request.build());
    }

    static DeltaDiscoveryRequest.Builder request(ResourceType type) {
        return DeltaDiscoveryRequest.newBuilder()
                .setNode(Node.newBuilder().setId("ztunnel~127.0.0.1~raw.ns~ns.svc.cluster.local"))
                .setTypeUrl(type.url());
    }

    void take(int count) {
        call().request(count);
    }

    DeltaDiscoveryResponse response() throws InterruptedException {
        DeltaDiscoveryResponse response = responses.poll(10, TimeUnit.SECONDS);
        if (response == null) {
            throw new AssertionError("no response came; end: " + end.getNow(Status.UNKNOWN));
        }
        return response;
    }

    static List<String> names(DeltaDiscoveryResponse response) {
        return response.getResourcesList().stream()
                .map(Resource::getName)
                .sorted()
                .toList();
    }

    boolean isQuiet(long millis) throws InterruptedException {
        DeltaDiscoveryResponse response = responses.poll(millis, TimeUnit.MILLISECONDS);
        return response == null;
    }

    Status end() throws Exception {
        return end.get(10, TimeUnit.SECONDS);
    }

    void cancel() {
        call().cancel("the test ends", null);
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
        responses.add(response);
    }

    @Override
    public void onError(Throwable t) {
        end.complete(Status.fromThrowable(t));
    }

    @Override
    public void onCompleted() {
        end.complete(Status.OK);
    }
}
