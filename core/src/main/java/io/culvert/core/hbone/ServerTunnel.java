package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.handler.codec.http2.Http2Headers;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of a tunnel: judges requests, hands good ones to the {@link ConnectHandler}, and goes away in two
 * steps (RFC 9113, section 6.8). Owned by: the channel's loop.
 */
final class ServerTunnel extends TunnelCore {
    /** How long the first GOAWAY may take to reach the peer before the second one is sent anyway. */
    private static final Duration GOAWAY_ROUND_TRIP = Duration.ofSeconds(2);

    private static final int BAD_REQUEST = 400;
    private static final int UNAVAILABLE = 503;

    private enum Leaving {
        // NO -> ANNOUNCED: GOAWAY without a limit, a PING behind it; ANNOUNCED -> LAST: its answer came, no new
        // streams.
        NO,
        ANNOUNCED,
        LAST
    }

    private final SpiffeId id;
    private final ConnectHandler handler;
    private final Supplier<WindowBudget> budgets;
    private int highest;
    private Leaving leaving = Leaving.NO;

    ServerTunnel(
            TunnelContext shared,
            Handshake handshake,
            SpiffeId id,
            ConnectHandler handler,
            Supplier<WindowBudget> budgets) {
        super(shared, handshake, true, shared.settings().limits().serverHeaderBytes());
        this.id = id;
        this.handler = handler;
        this.budgets = budgets;
    }

    @Override
    int[] start() {
        HboneSettings.Limits limits = shared.settings().limits();
        return new int[] {
            Frames.SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams(),
            Frames.SETTINGS_INITIAL_WINDOW_SIZE, flow().initialWindow(),
            Frames.SETTINGS_MAX_FRAME_SIZE, flow().maxFrame(),
            Frames.SETTINGS_MAX_HEADER_LIST_SIZE, limits.serverHeaderBytes()
        };
    }

    @Override
    void up() {
        if (leaving != Leaving.NO) {
            announce();
        }
    }

    @Override
    void peerLimitsChanged() {}

    @Override
    void failed(HboneFailure kind, String detail, @Nullable Throwable cause) {
        InetSocketAddress remote = (InetSocketAddress) ctx().channel().remoteAddress();
        shared.events().onFailed(id, remote == null ? new InetSocketAddress(0) : remote, kind, detail, cause);
    }

    @Override
    void down(@Nullable ResetReason reason) {}

    @Override
    boolean isIdle(int stream) {
        return (stream & 1) == 0 || stream > highest;
    }

    @Override
    boolean takesData(H2Stream stream) {
        return true;
    }

    @Override
    int lastPeerStream() {
        return highest;
    }

    // --- requests ---

    @Override
    void headers(int stream, @Nullable H2Stream known, Http2Headers headers, boolean endStream) {
        if (known != null) {
            table.error(stream, known, H2Error.PROTOCOL_ERROR, "HEADERS on a connected stream");
        } else if (isNew(stream)) {
            request(stream, headers, endStream);
        }
    }

    @Override
    void badHeaders(int stream, @Nullable H2Stream known, String detail) {
        if (known != null || isNew(stream)) {
            table.error(stream, known, H2Error.PROTOCOL_ERROR, detail);
        }
    }

    /** Whether HEADERS open this stream; if not, the error was dealt with. */
    private boolean isNew(int stream) {
        if ((stream & 1) == 0) {
            connectionError(H2Error.PROTOCOL_ERROR, "a client opened stream " + stream);
        } else if (stream <= highest) {
            if (table.wasReset(stream)) {
                allow(FloodGuard.Kind.CLOSED_STREAM);
            } else {
                connectionError(H2Error.STREAM_CLOSED, "HEADERS on closed stream " + stream);
            }
        } else if (leaving == Leaving.LAST) {
            // Sent before our last GOAWAY reached the peer, which knows by it that this was not processed.
            allow(FloodGuard.Kind.REFUSED);
        } else {
            highest = stream;
            return true;
        }
        return false;
    }

    private void request(int stream, Http2Headers headers, boolean endStream) {
        List<Header> fields = HeaderCodec.fields(headers);
        CharSequence method = headers.method();
        if (fields == null || method == null || isMalformed(headers, method)) {
            table.error(stream, null, H2Error.PROTOCOL_ERROR, "malformed request");
            return;
        }
        CharSequence text = headers.authority();
        Authority authority = text == null ? null : Authority.parse(text);
        if (!isConnect(method) || authority == null) {
            refuse(stream);
            return;
        }
        if (streams.size() >= shared.settings().limits().concurrentStreams()) {
            turnAway(stream);
            return;
        }
        WindowBudget budget = budgets.get();
        H2Stream opened = newStream(stream, budget);
        if (opened == null) {
            turnAway(stream);
            return;
        }
        Incoming incoming = new Incoming(this, opened, authority, fields, budget);
        opened.await(incoming);
        if (endStream) {
            opened.remoteFinish();
        }
        handler.onConnect(incoming);
    }

    private static boolean isConnect(CharSequence method) {
        return CharSequence.compare(method, "CONNECT") == 0;
    }

    /** RFC 9113, sections 8.3.1 and 8.5; extended CONNECT (RFC 8441) was not announced. */
    private static boolean isMalformed(Http2Headers headers, CharSequence method) {
        if (count(headers, ":method") != 1 || count(headers, ":authority") > 1 || headers.contains(":protocol")) {
            return true;
        }
        boolean target = headers.contains(":scheme") || headers.contains(":path");
        if (isConnect(method)) {
            return target || headers.authority() == null;
        }
        return count(headers, ":scheme") != 1 || count(headers, ":path") != 1;
    }

    private static int count(Http2Headers headers, CharSequence name) {
        int n = 0;
        for (Iterator<CharSequence> values = headers.valueIterator(name); values.hasNext(); values.next()) {
            n++;
        }
        return n;
    }

    /** 400: not a CONNECT, or a target that is none. */
    private void refuse(int stream) {
        if (allow(FloodGuard.Kind.REFUSED)) {
            respond(stream, BAD_REQUEST, List.of(), true);
            table.sendReset(stream, H2Error.NO_ERROR);
        }
    }

    /** Too many streams, or no budget: the client may try elsewhere (section 8.7). */
    private void turnAway(int stream) {
        if (allow(FloodGuard.Kind.REFUSED)) {
            table.sendReset(stream, H2Error.REFUSED_STREAM);
        }
    }

    // --- answers, called by Incoming ---

    void respond(int stream, int status, List<Header> headers, boolean endStream) {
        if (!isClosed()) {
            scheduler()
                    .control(codec().encode(
                                    allocator(),
                                    stream,
                                    HeaderCodec.response(status, headers),
                                    endStream,
                                    scheduler().peerMaxFrame()));
        }
    }

    /** Answers and ends the stream: whatever the client still sends is of no interest (section 8.1). */
    void reject(H2Stream stream, int status) {
        if (stream.isOpen()) {
            respond(stream.id(), status, List.of(), true);
            int number = stream.id();
            table.sendReset(number, H2Error.NO_ERROR);
            stream.drop();
        }
    }

    @Override
    void tick(int age) {
        long limit = shared.settings().timeouts().response().toSeconds();
        for (H2Stream stream : streams.values().toArray(new H2Stream[0])) {
            if (stream.unanswered() instanceof Incoming incoming && age - stream.since > limit) {
                incoming.timedOut(UNAVAILABLE);
            }
        }
    }

    // --- leaving ---

    @Override
    void retire(String why) {
        if (leaving == Leaving.NO && !isClosed()) {
            leaving = Leaving.ANNOUNCED;
            if (isUp()) {
                announce();
            }
        }
    }

    private void announce() {
        goAway(Frames.MAX_STREAM_ID, H2Error.NO_ERROR, "");
        sendPing();
        after(GOAWAY_ROUND_TRIP, this::lastGoAway);
    }

    @Override
    void pingAcknowledged() {
        lastGoAway();
    }

    private void lastGoAway() {
        if (leaving == Leaving.ANNOUNCED && isUp()) {
            leaving = Leaving.LAST;
            goAway(highest, H2Error.NO_ERROR, "");
            closeIfDone();
        }
    }

    private void closeIfDone() {
        if (leaving == Leaving.LAST && streams.isEmpty() && !isClosed()) {
            close(null, H2Error.NO_ERROR);
        }
    }

    @Override
    void forgotten(H2Stream stream) {
        closeIfDone();
    }

    @Override
    void goingAway(int lastStream, H2Error code, String debug) {
        // The client opens no new streams and closes when its last one has ended.
    }
}
