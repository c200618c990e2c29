package io.culvert.core.hbone;

import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How streams enter and leave a tunnel's table, and the errors and resets of a single one (RFC 9113, section 5.4.2). The
 * tunnel and its parts look streams up in the map itself. Owned by: the tunnel's loop.
 */
final class StreamTable {
    private final TunnelCore tunnel;
    private final Int2ObjectHashMap<H2Stream> streams;
    private final RecentResets recentResets = new RecentResets();

    StreamTable(TunnelCore tunnel, Int2ObjectHashMap<H2Stream> streams) {
        this.tunnel = tunnel;
        this.streams = streams;
    }

    /**
     * A new stream in the table, or null when the budget has no window for it.
     *
     * @param initialWindow what the peer may send before it is granted more
     */
    @Nullable
    H2Stream open(int id, WindowBudget budget, int initialWindow) {
        HboneStats stats = tunnel.shared.stats();
        ReceiveWindow window = ReceiveWindow.open(budget, stats, tunnel.flow(), initialWindow);
        if (window == null) {
            return null;
        }
        H2Stream stream = new H2Stream(tunnel, id, window, tunnel.peerSettings().initialWindow, tunnel.age());
        streams.put(id, stream);
        stats.streamsOpened.increment();
        return stream;
    }

    /** The stream is no more in the table. */
    void forget(H2Stream stream) {
        if (streams.remove(stream.id()) != null) {
            tunnel.shared.stats().streamsClosed.increment();
            tunnel.forgotten(stream);
        }
    }

    /** Resets a stream on behalf of its user, who is not called back. */
    void reset(H2Stream stream, H2Error code) {
        if (stream.drop()) {
            sendReset(stream.id(), code);
        }
    }

    void sendReset(int id, H2Error code) {
        recentResets.add(id);
        if (!tunnel.isClosed()) {
            tunnel.scheduler().control(Frames.rstStream(tunnel.allocator(), id, code));
        }
    }

    /** The peer broke the rules of one stream; its user is told. */
    void error(int id, @Nullable H2Stream stream, H2Error error, String detail) {
        if (!tunnel.allow(FloodGuard.Kind.PROVOKED_RESET)) {
            return;
        }
        sendReset(id, error);
        if (stream != null) {
            stream.lost(new ResetReason(ResetReason.Kind.PROTOCOL_ERROR, error, detail));
        }
    }

    /** Whether this side reset the stream a short time ago. */
    boolean wasReset(int id) {
        return recentResets.contains(id);
    }

    /** The tunnel is gone, and every stream with it. */
    void loseAll(ResetReason reason) {
        for (H2Stream stream : streams.values().toArray(new H2Stream[0])) {
            stream.lost(reason);
        }
    }
}
