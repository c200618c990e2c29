package io.culvert.core.xds;

import io.culvert.proto.xds.AggregatedDiscoveryServiceGrpc;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One delta stream as a queue of what happened on it. Beside the response that is dealt with another one is asked for, so
 * that it is read meanwhile; the queue holds at most those two and the end. Sending and taking: the client's thread; the callbacks: gRPC's.
 */
final class XdsStream implements ClientResponseObserver<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    private static final int AHEAD = 2;

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private @Nullable ClientCallStreamObserver<DeltaDiscoveryRequest> call;

    /** What happens on a stream. */
    sealed interface Event {
        record Response(DeltaDiscoveryResponse response) implements Event {}

        record Ended(Status status) implements Event {}
    }

    static XdsStream open(Channel channel) {
        XdsStream stream = new XdsStream();
        // The observer that this returns is the one given to beforeStart.
        var _ = AggregatedDiscoveryServiceGrpc.newStub(channel).deltaAggregatedResources(stream);
        return stream;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<DeltaDiscoveryRequest> requests) {
        requests.disableAutoRequestWithInitial(AHEAD);
        call = requests;
    }

    private ClientCallStreamObserver<DeltaDiscoveryRequest> call() {
        if (call == null) {
            throw new IllegalStateException("the stream was not started");
        }
        return call;
    }

    void send(DeltaDiscoveryRequest request) {
        call().onNext(request);
    }

    /** The next event, null when none came in time. */
    @Nullable
    Event take(Duration patience) throws InterruptedException {
        return events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** A response has been dealt with: ask for another. */
    void more() {
        call().request(1);
    }

    void cancel(String why) {
        call().cancel(why, null);
    }

    @Override
    public void onNext(DeltaDiscoveryResponse response) {
        events.add(new Event.Response(response));
    }

    @Override
    public void onError(Throwable t) {
        events.add(new Event.Ended(Status.fromThrowable(t)));
    }

    @Override
    public void onCompleted() {
        events.add(new Event.Ended(Status.OK));
    }
}
