package io.culvert.core.hbone;

import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of a tunnel: opens streams, reads their answers, and knows when it should not be used any more.
 * Owned by: the channel's loop.
 */
final class ClientTunnel extends TunnelCore {
    /** The pool entry that made it; called on the loop. */
    interface Owner {
        void onUp(ClientTunnel tunnel);

        /** It did not come up, and is closed. */
        void onFailed(ClientTunnel tunnel, HboneFailure kind, String detail, @Nullable Throwable cause);

        /** A stream has ended, or the peer allows more of them. */
        void onCapacity(ClientTunnel tunnel);

        /** It takes no new streams from now on. */
        void onRetired(ClientTunnel tunnel);

        /** It was up and is closed. */
        void onDown(ClientTunnel tunnel);
    }

    private final Owner owner;
    private final Object generation;
    private int nextId = 1;
    private boolean retired;
    private int idleSince;

    /** @param generation the credential that it authenticates with */
    ClientTunnel(TunnelContext shared, Handshake handshake, Owner owner, Object generation) {
        super(shared, handshake, false, shared.settings().limits().clientHeaderBytes());
        this.owner = owner;
        this.generation = generation;
    }

    Object generation() {
        return generation;
    }

    /** Whether one more stream may be opened now. */
    boolean hasCapacity() {
        return isUp() && !retired && streams.size() < streamLimit();
    }

    /** Streams that may be open at once. */
    int streamLimit() {
        return (int) Math.min(shared.settings().limits().streamsPerTunnel(), peerSettings().maxConcurrentStreams);
    }

    /** Sends the CONNECT; {@code open} hears of the answer. False when the budget has no window for the stream. */
    boolean open(OpenAttempt open) {
        assert eventLoop().inEventLoop() && hasCapacity();
        int id = nextId;
        H2Stream stream = newStream(id, open.budget());
        if (stream == null) {
            return false;
        }
        nextId += 2;
        stream.await(open);
        open.sent(stream);
        scheduler()
                .control(codec().encode(
                                allocator(),
                                id,
                                HeaderCodec.connect(open.request()),
                                false,
                                scheduler().peerMaxFrame()));
        if (nextId < 0) {
            retire("its stream ids are used up");
        }
        return true;
    }

    @Override
    void retire(String why) {
        if (isClosed()) {
            return;
        }
        boolean first = !retired;
        retired = true;
        if (!isUp()) {
            return; // the owner asks when it comes up
        }
        if (first) {
            owner.onRetired(this);
        }
        closeIfDone();
    }

    boolean isRetired() {
        return retired;
    }

    private void closeIfDone() {
        if (retired && streams.isEmpty()) {
            close(null, H2Error.NO_ERROR);
        }
    }

    @Override
    int[] start() {
        scheduler().control(Frames.preface());
        HboneSettings.Limits limits = shared.settings().limits();
        return new int[] {
            Frames.SETTINGS_ENABLE_PUSH, 0,
            Frames.SETTINGS_INITIAL_WINDOW_SIZE, flow().initialWindow(),
            Frames.SETTINGS_MAX_FRAME_SIZE, flow().maxFrame(),
            Frames.SETTINGS_MAX_HEADER_LIST_SIZE, limits.clientHeaderBytes()
        };
    }

    @Override
    void up() {
        idleSince = age();
        owner.onUp(this);
    }

    @Override
    void peerLimitsChanged() {
        owner.onCapacity(this);
    }

    @Override
    void failed(HboneFailure kind, String detail, @Nullable Throwable cause) {
        owner.onFailed(this, kind, detail, cause);
    }

    @Override
    void down(@Nullable ResetReason reason) {
        owner.onDown(this);
    }

    @Override
    boolean isIdle(int id) {
        return (id & 1) == 0 || id >= nextId;
    }

    @Override
    boolean takesData(H2Stream stream) {
        return stream.isAnswered();
    }

    @Override
    void headers(int id, @Nullable H2Stream stream, Http2Headers headers, boolean endStream) {
        if (stream == null) {
            if (isIdle(id)) {
                connectionError(H2Error.PROTOCOL_ERROR, "HEADERS on idle stream " + id);
            } else {
                allow(FloodGuard.Kind.CLOSED_STREAM);
            }
            return;
        }
        if (!(stream.unanswered() instanceof OpenAttempt open)) {
            table.error(id, stream, H2Error.PROTOCOL_ERROR, "HEADERS on a connected stream");
            return;
        }
        int status = status(headers.status());
        List<Header> fields = HeaderCodec.fields(headers);
        if (status < 0 || fields == null || (status < 200 && endStream)) {
            table.error(id, stream, H2Error.PROTOCOL_ERROR, "malformed response to CONNECT");
        } else if (status < 200) {
            allow(FloodGuard.Kind.IGNORED);
        } else if (status < 300) {
            stream.answered(open.handler());
            open.opened(stream, fields);
            if (endStream) {
                stream.remoteFinish();
            }
        } else {
            // Not a tunnel: nothing was or will be sent, so CANCEL cannot be mistaken for an end.
            stream.drop();
            table.sendReset(id, H2Error.CANCEL);
            open.refused(status, fields);
        }
    }

    @Override
    void badHeaders(int id, @Nullable H2Stream stream, String detail) {
        table.error(id, stream, H2Error.PROTOCOL_ERROR, detail);
    }

    @Override
    void forgotten(H2Stream stream) {
        if (isClosed()) {
            return;
        }
        if (streams.isEmpty()) {
            idleSince = age();
        }
        if (retired) {
            closeIfDone();
        } else {
            owner.onCapacity(this);
        }
    }

    @Override
    void goingAway(int lastStream, H2Error code, String debug) {
        retire("the peer is going away");
        if (isClosed()) {
            return;
        }
        String detail = "the peer is going away (" + code + (debug.isEmpty() ? "" : ", \"" + debug + "\"") + ")";
        for (H2Stream stream : streams.values().toArray(new H2Stream[0])) {
            if (stream.id() > lastStream) {
                stream.lost(new ResetReason(ResetReason.Kind.DRAINED, H2Error.REFUSED_STREAM, detail));
            }
        }
    }

    @Override
    void tick(int age) {
        HboneSettings.Timeouts timeouts = shared.settings().timeouts();
        if (streams.isEmpty()) {
            if (age - idleSince >= timeouts.idle().toSeconds()) {
                retire("idle");
            }
            return;
        }
        long limit = timeouts.response().toSeconds();
        for (H2Stream stream : streams.values().toArray(new H2Stream[0])) {
            if (stream.unanswered() instanceof OpenAttempt open && age - stream.since > limit) {
                table.reset(stream, H2Error.CONNECT_ERROR);
                open.timedOut();
            }
        }
    }

    private static int status(@Nullable CharSequence text) {
        if (text == null || text.length() != 3) {
            return -1;
        }
        int status = 0;
        for (int i = 0; i < 3; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            status = status * 10 + (c - '0');
        }
        return status >= 100 && status <= 599 ? status : -1;
    }
}
