package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the peer's frames do to a tunnel and its streams, with the errors of RFC 9113 for those that may not come, and
 * the connection's receive window. Owned by: the tunnel's loop.
 */
final class TunnelFrames implements FrameSink {
    private static final int MAX_DEBUG_TEXT = 256;

    private final TunnelCore tunnel;
    private final PeerSettings peerSettings;

    private boolean settingsAcknowledged;
    private long settingsSentNanos;

    // The connection's window: what may still come, and what has come and was not granted again.
    private int receivable = Frames.DEFAULT_WINDOW;
    private int received;

    // The DATA frame under way; null: its bytes go nowhere.
    private @Nullable H2Stream current;
    private int currentLength;
    private boolean currentFinishes;

    TunnelFrames(TunnelCore tunnel, boolean server) {
        this.tunnel = tunnel;
        this.peerSettings = new PeerSettings(!server);
    }

    PeerSettings peerSettings() {
        return peerSettings;
    }

    boolean areSettingsAcknowledged() {
        return settingsAcknowledged;
    }

    void settingsSent() {
        settingsSentNanos = tunnel.nanoTime().getAsLong();
    }

    /** The connection's window was made larger. */
    void grantedConnection(int bytes) {
        receivable += bytes;
    }

    @Override
    public void onDataStart(int id, int length, boolean endStream) {
        current = null;
        if (length > receivable) {
            tunnel.connectionError(H2Error.FLOW_CONTROL_ERROR, "more DATA than the connection's window");
            return;
        }
        credit(length);
        if (length == 0 && !endStream && !tunnel.allow(FloodGuard.Kind.EMPTY_DATA)) {
            return;
        }
        H2Stream stream = tunnel.streams.get(id);
        if (stream == null) {
            dataOnUnknown(id);
        } else if (stream.isRemoteFinished()) {
            tunnel.table.error(id, stream, H2Error.STREAM_CLOSED, "DATA after END_STREAM");
        } else if (!tunnel.takesData(stream)) {
            tunnel.table.error(id, stream, H2Error.PROTOCOL_ERROR, "DATA before the response");
        } else if (!stream.charge(length)) {
            tunnel.table.error(id, stream, H2Error.FLOW_CONTROL_ERROR, "more DATA than the stream's window");
        } else {
            current = stream;
            currentLength = length;
            currentFinishes = endStream;
        }
    }

    private void dataOnUnknown(int id) {
        if (tunnel.isIdle(id)) {
            tunnel.connectionError(H2Error.PROTOCOL_ERROR, "DATA on idle stream " + id);
        } else if (tunnel.table.wasReset(id)) {
            tunnel.allow(FloodGuard.Kind.CLOSED_STREAM);
        } else {
            tunnel.table.error(id, null, H2Error.STREAM_CLOSED, "DATA on a closed stream");
        }
    }

    /** The connection's credit comes back on receipt: a slow stream must never stall the others. */
    private void credit(int length) {
        receivable -= length;
        received += length;
        if (received >= tunnel.flow().connectionWindow() / 4) {
            tunnel.scheduler().control(Frames.windowUpdate(tunnel.allocator(), 0, received));
            receivable += received;
            received = 0;
        }
    }

    @Override
    public void onDataPart(ByteBuf part) {
        H2Stream to = current;
        if (to == null) {
            part.release();
        } else {
            to.receive(part);
        }
    }

    @Override
    public void onDataEnd(int padding) {
        H2Stream to = current;
        current = null;
        if (to == null) {
            return;
        }
        if (padding > 0) {
            boolean nothing = padding == currentLength && !currentFinishes;
            if (nothing && !tunnel.allow(FloodGuard.Kind.EMPTY_DATA)) {
                return;
            }
            to.credit(padding);
        }
        if (currentFinishes) {
            to.remoteFinish();
        }
    }

    @Override
    public void onHeaders(int id, ByteBuf block, boolean endStream) {
        H2Stream stream = tunnel.streams.get(id);
        Http2Headers headers;
        try {
            headers = tunnel.codec().decode(id, block);
        } catch (Http2Exception e) {
            if (Http2Exception.isStreamError(e)) {
                tunnel.badHeaders(id, stream, String.valueOf(e.getMessage()));
            } else {
                tunnel.connectionError(H2Error.COMPRESSION_ERROR, String.valueOf(e.getMessage()));
            }
            return;
        } catch (RuntimeException e) {
            tunnel.connectionError(H2Error.COMPRESSION_ERROR, "undecodable header block: " + e.getMessage());
            return;
        }
        tunnel.headers(id, stream, headers, endStream);
    }

    @Override
    public void onRstStream(int id, long code) {
        H2Stream stream = tunnel.streams.get(id);
        if (stream == null) {
            if (tunnel.isIdle(id)) {
                tunnel.connectionError(H2Error.PROTOCOL_ERROR, "RST_STREAM on idle stream " + id);
            } else {
                tunnel.allow(FloodGuard.Kind.CLOSED_STREAM);
            }
            return;
        }
        if (!tunnel.allow(stream.isAnswered() ? FloodGuard.Kind.LATE_RESET : FloodGuard.Kind.EARLY_RESET)) {
            return;
        }
        H2Error error = H2Error.of(code);
        // A reset of the app's connection is a reset at any time; otherwise END_STREAM before, or NO_ERROR, say that
        // the
        // peer sent all it had and only takes no more (section 8.1).
        boolean clean = error == H2Error.NO_ERROR || (stream.isRemoteFinished() && error != H2Error.CONNECT_ERROR);
        stream.lost(new ResetReason(
                clean ? ResetReason.Kind.PEER_DONE : ResetReason.Kind.PEER_RESET,
                error,
                "reset by the peer: " + error));
    }

    @Override
    public void onSettings(ByteBuf payload) {
        if (!tunnel.allow(FloodGuard.Kind.SETTINGS)) {
            return;
        }
        int before = peerSettings.initialWindow;
        PeerSettings.Invalid invalid = peerSettings.apply(payload);
        if (invalid != null) {
            tunnel.connectionError(invalid.error(), invalid.detail());
            return;
        }
        try {
            tunnel.codec().peerTableSize(peerSettings.headerTableSize);
        } catch (Http2Exception e) {
            tunnel.connectionError(
                    H2Error.PROTOCOL_ERROR, "SETTINGS_HEADER_TABLE_SIZE " + peerSettings.headerTableSize);
            return;
        }
        tunnel.scheduler().peerMaxFrame(peerSettings.maxFrame);
        tunnel.scheduler().control(Frames.settingsAck(tunnel.allocator()));
        if (!resizeSendWindows(peerSettings.initialWindow - before)) {
            tunnel.connectionError(
                    H2Error.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE overflows a stream's window");
            return;
        }
        tunnel.settingsArrived();
    }

    /** A changed initial window changes what is left of every stream's (section 6.9.2). */
    private boolean resizeSendWindows(int delta) {
        if (delta == 0) {
            return true;
        }
        for (H2Stream stream : tunnel.streams.values()) {
            long window = (long) stream.sendWindow + delta;
            if (window > Integer.MAX_VALUE) {
                return false;
            }
            stream.sendWindow = (int) window;
            tunnel.scheduler().ready(stream);
        }
        return true;
    }

    @Override
    public void onSettingsAck() {
        if (!settingsAcknowledged) {
            settingsAcknowledged = true;
            tunnel.keepAlive().measured(tunnel.nanoTime().getAsLong() - settingsSentNanos);
        } else {
            tunnel.allow(FloodGuard.Kind.SETTINGS);
        }
    }

    @Override
    public void onPing(long data, boolean ack) {
        if (!ack) {
            if (tunnel.allow(FloodGuard.Kind.PING)) {
                tunnel.scheduler().control(Frames.ping(tunnel.allocator(), true, data));
            }
        } else if (tunnel.keepAlive().acknowledged(data)) {
            tunnel.pingAcknowledged();
        } else {
            tunnel.allow(FloodGuard.Kind.PING);
        }
    }

    @Override
    public void onGoAway(int lastStream, long code, ByteBuf debug) {
        if (!tunnel.allow(FloodGuard.Kind.GOAWAY)) {
            return;
        }
        int n = Math.min(debug.readableBytes(), MAX_DEBUG_TEXT);
        tunnel.goingAway(lastStream, H2Error.of(code), debug.toString(debug.readerIndex(), n, StandardCharsets.UTF_8));
    }

    @Override
    public void onWindowUpdate(int id, int increment) {
        if (!tunnel.allow(FloodGuard.Kind.WINDOW_UPDATE)) {
            return;
        }
        if (id == 0) {
            if (increment == 0) {
                tunnel.connectionError(H2Error.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
            } else if (!tunnel.scheduler().grow(increment)) {
                tunnel.connectionError(H2Error.FLOW_CONTROL_ERROR, "the connection's window overflows");
            }
            return;
        }
        H2Stream stream = tunnel.streams.get(id);
        if (stream == null) {
            if (tunnel.isIdle(id)) {
                tunnel.connectionError(H2Error.PROTOCOL_ERROR, "WINDOW_UPDATE on idle stream " + id);
            } else {
                tunnel.allow(FloodGuard.Kind.CLOSED_STREAM);
            }
        } else if (increment == 0) {
            tunnel.table.error(id, stream, H2Error.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
        } else if (stream.sendWindow > Integer.MAX_VALUE - increment) {
            tunnel.table.error(id, stream, H2Error.FLOW_CONTROL_ERROR, "the stream's window overflows");
        } else {
            stream.sendWindow += increment;
            tunnel.scheduler().ready(stream);
        }
    }

    @Override
    public void onIgnored(int id) {
        tunnel.allow(FloodGuard.Kind.IGNORED);
    }

    @Override
    public void onStreamError(int id, H2Error error, String detail) {
        tunnel.table.error(id, tunnel.streams.get(id), error, detail);
    }

    @Override
    public void onConnectionError(H2Error error, String detail) {
        tunnel.connectionError(error, detail);
    }
}
