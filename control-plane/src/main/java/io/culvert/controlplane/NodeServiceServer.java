package io.culvert.controlplane;

import io.culvert.proto.node.NodeServiceGrpc;
import io.culvert.proto.node.ReportPodsRequest;
import io.culvert.proto.node.ReportPodsResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;

/** Takes the reports of agents; each may speak for its own node only, and proves by its token which that is. */
final class NodeServiceServer extends NodeServiceGrpc.NodeServiceImplBase {
    private final ReportBook book;
    private final Runnable onChanged;

    /** @param onChanged told after each request that brought something new */
    NodeServiceServer(ReportBook book, Runnable onChanged) {
        this.book = book;
        this.onChanged = onChanged;
    }

    @Override
    public void reportPods(ReportPodsRequest request, StreamObserver<ReportPodsResponse> response) {
        String node = CallerNode.current().node();
        if (node == null) {
            response.onError(Status.UNAUTHENTICATED
                    .withDescription("no valid node token: send \"authorization: Bearer TOKEN\" with the content of the"
                            + " node's file in the controller's token directory")
                    .asRuntimeException());
            return;
        }
        if (!node.equals(request.getNode())) {
            response.onError(Status.PERMISSION_DENIED
                    .withDescription("the token is that of node " + node + ", the report that of node "
                            + request.getNode() + "; an agent reports on its own node only")
                    .asRuntimeException());
            return;
        }
        if (book.report(request)) {
            onChanged.run();
        }
        response.onNext(ReportPodsResponse.getDefaultInstance());
        response.onCompleted();
    }
}
