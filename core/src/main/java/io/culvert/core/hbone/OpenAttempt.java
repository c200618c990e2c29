package io.culvert.core.hbone;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@link HbonePool#open}: first it waits for a tunnel, then for the answer. Ends with one result for its
 * listener, or with a cancel. Owned by: the loop that open was called on.
 */
final class OpenAttempt implements PendingOpen, Unanswered {
    /** A GOAWAY that crossed our CONNECT is nobody's fault: once it is simply sent again on another tunnel. */
    private static final int MAX_RESENDS = 1;

    private final PoolEntry entry;
    private final ConnectRequest request;
    private final WindowBudget budget;
    private final HboneStreamHandler handler;
    private final OpenListener listener;

    private @Nullable H2Stream stream;
    private boolean done;
    private int resends;

    OpenAttempt(
            PoolEntry entry,
            ConnectRequest request,
            WindowBudget budget,
            HboneStreamHandler handler,
            OpenListener listener) {
        this.entry = entry;
        this.request = request;
        this.budget = budget;
        this.handler = handler;
        this.listener = listener;
    }

    ConnectRequest request() {
        return request;
    }

    WindowBudget budget() {
        return budget;
    }

    HboneStreamHandler handler() {
        return handler;
    }

    boolean isDone() {
        return done;
    }

    void sent(H2Stream on) {
        stream = on;
    }

    @Override
    public void cancel() {
        if (done) {
            return;
        }
        done = true;
        if (stream == null) {
            entry.cancelled();
        } else {
            stream.reset(H2Error.CONNECT_ERROR);
        }
    }

    void opened(HboneStream open, List<Header> headers) {
        end(new OpenResult.Opened(open, headers));
    }

    void refused(int status, List<Header> headers) {
        end(new OpenResult.Refused(status, headers));
    }

    void timedOut() {
        failed(
                HboneFailure.RESPONSE_TIMEOUT,
                "no answer to CONNECT " + request.authority() + " through "
                        + entry.key().destination());
    }

    void failed(HboneFailure kind, String detail) {
        end(new OpenResult.Failed(kind, detail));
    }

    @Override
    public void onGone(ResetReason reason) {
        if (done) {
            return;
        }
        stream = null;
        String detail =
                "CONNECT " + request.authority() + " through " + entry.key().destination() + ": " + reason.detail();
        boolean unprocessed = reason.code() == H2Error.REFUSED_STREAM;
        if (unprocessed && reason.kind() == ResetReason.Kind.DRAINED && resends < MAX_RESENDS) {
            resends++;
            entry.submit(this);
        } else if (unprocessed) {
            failed(HboneFailure.NOT_PROCESSED, detail);
        } else {
            failed(
                    switch (reason.kind()) {
                        case PEER_RESET, PEER_DONE -> HboneFailure.RESET;
                        case TUNNEL_LOST, PING_TIMEOUT -> HboneFailure.TUNNEL_LOST;
                        case PROTOCOL_ERROR -> HboneFailure.PROTOCOL_ERROR;
                        case DRAINED, EXPIRED -> HboneFailure.DRAINING;
                    },
                    detail);
        }
    }

    private void end(OpenResult result) {
        if (!done) {
            done = true;
            listener.onResult(result);
        }
    }
}
