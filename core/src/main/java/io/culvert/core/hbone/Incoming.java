package io.culvert.core.hbone;

import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request that waits for its answer, the server's part of a stream until then. Owned by: the tunnel's loop. */
final class Incoming implements IncomingConnect, Unanswered {
    private final ServerTunnel on;
    private final H2Stream stream;
    private final Authority authority;
    private final List<Header> headers;
    private final WindowBudget budget;
    private @Nullable Runnable cancelled;
    private @Nullable ResetReason gone;
    private boolean answered;

    Incoming(ServerTunnel on, H2Stream stream, Authority authority, List<Header> headers, WindowBudget budget) {
        this.on = on;
        this.stream = stream;
        this.authority = authority;
        this.headers = headers;
        this.budget = budget;
    }

    @Override
    public Authority authority() {
        return authority;
    }

    @Override
    public @Nullable String header(String name) {
        for (int i = 0; i < headers.size(); i++) {
            if (headers.get(i).name().equals(name)) {
                return headers.get(i).value();
            }
        }
        return null;
    }

    @Override
    public Tunnel tunnel() {
        return on;
    }

    @Override
    public EventLoop eventLoop() {
        return on.eventLoop();
    }

    @Override
    public int streamId() {
        return stream.id();
    }

    @Override
    public WindowBudget budget() {
        return budget;
    }

    @Override
    public boolean isOpen() {
        return gone == null && !answered;
    }

    @Override
    public void onCancelled(Runnable action) {
        assert eventLoop().inEventLoop();
        if (gone != null) {
            action.run();
        } else {
            cancelled = action;
        }
    }

    @Override
    public HboneStream accept(HboneStreamHandler handler, List<Header> more) {
        answer();
        ResetReason reason = gone;
        if (reason != null) {
            eventLoop().execute(() -> handler.onReset(reason));
            return stream;
        }
        stream.answered(handler);
        stream.hold();
        on.respond(stream.id(), 200, more, false);
        eventLoop().execute(stream::release);
        return stream;
    }

    @Override
    public void reject(int status) {
        if (status < 400 || status > 599) {
            throw new IllegalArgumentException("a rejection with status " + status);
        }
        answer();
        on.reject(stream, status);
    }

    void timedOut(int status) {
        Runnable action = cancelled;
        gone = new ResetReason(ResetReason.Kind.DRAINED, H2Error.NO_ERROR, "the request was not answered in time");
        on.reject(stream, status);
        if (action != null) {
            action.run();
        }
    }

    @Override
    public void onGone(ResetReason reason) {
        gone = reason;
        if (cancelled != null) {
            cancelled.run();
        }
    }

    private void answer() {
        assert eventLoop().inEventLoop();
        if (answered) {
            throw new IllegalStateException("CONNECT " + authority + " was answered before");
        }
        answered = true;
        cancelled = null;
    }
}
