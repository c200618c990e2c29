package io.culvert.core.hbone;

import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A CONNECT request that waits for its answer. Data that arrives meanwhile is held, at most one initial window of it.
 * Unanswered for {@code Timeouts.response} it is answered with 503. Owned by {@link #eventLoop()}.
 */
public interface IncomingConnect {
    Authority authority();

    /** The first value of a header field, or null; {@code name} in lower case. */
    @Nullable
    String header(String name);

    Tunnel tunnel();

    EventLoop eventLoop();

    /** The HTTP/2 stream id, for logs. */
    int streamId();

    /** What this stream's receive window is charged to; the server's supplier made it. */
    WindowBudget budget();

    /** False when the client has given the request up (or the tunnel is gone): then an answer has no effect. */
    boolean isOpen();

    /** Runs {@code action} on the loop if the client gives the request up before it was answered: stop dialling. */
    void onCancelled(Runnable action);

    /**
     * Answers 200 and hands the stream over. Held data is delivered to {@code handler} after this call has returned;
     * if the request is gone already, {@code handler} is told so by onReset, also afterwards.
     *
     * @throws IllegalStateException when it was answered before
     */
    HboneStream accept(HboneStreamHandler handler, List<Header> headers);

    /**
     * Answers with {@code status} (400 to 599) and ends the stream.
     *
     * @throws IllegalStateException when it was answered before
     */
    void reject(int status);
}
