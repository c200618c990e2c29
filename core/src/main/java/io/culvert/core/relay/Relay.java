package io.culvert.core.relay;

import io.culvert.core.hbone.ResetReason;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionRecord;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Joins a client's end and a server's: bytes both ways with back-pressure, half-closes and resets carried over, idle
 * and half-close timers. Ends once, with one reason. Owned by the loop that both ends are on.
 *
 * <p>An end is not read while the other has more queued than its watermark, or while the budget is used up and the other
 * end, a socket, still has something queued: with nothing queued it may always read, so that none starves.
 */
public final class Relay extends RelayTimers.Timed {
    /** Is told how a relay ended, once; both ends are closed or closing by then. */
    public interface Listener {
        void onRelayEnded(CloseReason reason, @Nullable String detail);
    }

    private final RelayHalf client;
    private final RelayHalf server;
    private final ConnectionRecord record;
    private final ByteBudget budget;
    private final RelayTimers.Wheel wheel;
    private final RelaySettings settings;
    private final Listener listener;
    private long lastActive;
    private boolean clientEnded;
    private boolean serverEnded;
    private boolean ended;

    private Relay(
            RelayHalf client,
            RelayHalf server,
            ConnectionRecord record,
            ByteBudget budget,
            RelayTimers.Wheel wheel,
            RelaySettings settings,
            Listener listener) {
        this.client = client;
        this.server = server;
        this.record = record;
        this.budget = budget;
        this.wheel = wheel;
        this.settings = settings;
        this.listener = listener;
    }

    /**
     * Joins two connected ends and starts to read both. What they held is passed on first.
     *
     * @param record counts the bytes; the listener closes it
     * @param budget the connection's
     * @return the relay, to end it from outside; it may have ended already
     */
    public static Relay join(
            RelayHalf client,
            RelayHalf server,
            ConnectionRecord record,
            ByteBudget budget,
            RelayTimers.Wheel wheel,
            RelaySettings settings,
            Listener listener) {
        Relay relay = new Relay(client, server, record, budget, wheel, settings, listener);
        relay.start();
        return relay;
    }

    private void start() {
        lastActive = wheel.now();
        wheel.set(this, settings.idleTimeout().toMillis());
        client.bind(this);
        if (!ended) {
            server.bind(this);
        }
        if (!ended) {
            client.reading(true);
        }
        if (!ended) {
            server.reading(true);
        }
    }

    RelayHalf other(RelayHalf half) {
        return half == client ? server : client;
    }

    /** Whether it has ended. */
    public boolean isEnded() {
        return ended;
    }

    // ---- from the ends

    void onData(RelayHalf from, ByteBuf data) {
        if (ended) {
            data.release();
            return;
        }
        int bytes = data.readableBytes();
        if (from == client) {
            record.sent(bytes);
        } else {
            record.received(bytes);
        }
        lastActive = wheel.now();
        RelayHalf to = other(from);
        to.write(data);
        if (!mayRead(to)) {
            from.reading(false);
        }
    }

    private boolean mayRead(RelayHalf to) {
        if (!to.isWritable()) {
            return false;
        }
        return switch (to) {
            // Its watermarks bound it, and it has no word to say when its queue is empty: waiting for that would be for
            // ever.
            case RelayStream _ -> true;
            case RelaySocket socket -> !budget.exhausted() || socket.pendingBytes() == 0;
        };
    }

    void onWritten(RelayHalf to, int bytes) {
        if (ended) {
            return;
        }
        lastActive = wheel.now();
        RelayHalf from = other(to);
        from.consumed(bytes);
        if (mayRead(to)) {
            from.reading(true);
        }
    }

    void onWritable(RelayHalf to) {
        if (!ended && mayRead(to)) {
            other(to).reading(true);
        }
    }

    void onEnd(RelayHalf from) {
        if (ended) {
            return;
        }
        lastActive = wheel.now();
        if (from == client) {
            clientEnded = true;
        } else {
            serverEnded = true;
        }
        // Until both have ended the silence of the other is measured, afterwards that of what is still queued.
        wheel.set(this, settings.halfCloseTimeout().toMillis());
        other(from).finish();
        onOutputEnded();
    }

    /** One end has sent all that it had to send. */
    void onOutputEnded() {
        if (!ended && clientEnded && serverEnded && client.isDone() && server.isDone()) {
            end(CloseReason.OK, null);
            client.close();
            server.close();
        }
    }

    void onReset(RelayHalf from, @Nullable Throwable cause) {
        if (ended) {
            return;
        }
        // A socket that is closed after both sides have finished is no reset.
        String detail = cause == null ? null : cause.getMessage();
        end(from == client ? CloseReason.RESET_BY_CLIENT : CloseReason.RESET_BY_SERVER, detail);
        client.abort();
        server.abort();
    }

    void onStreamReset(RelayHalf from, ResetReason reason) {
        if (ended) {
            return;
        }
        if (reason.clean()) {
            end(CloseReason.OK, null);
            other(from).close();
            return;
        }
        CloseReason why = switch (reason.kind()) {
            case PEER_RESET, PEER_DONE -> from == client ? CloseReason.RESET_BY_CLIENT : CloseReason.RESET_BY_SERVER;
            case TUNNEL_LOST, PING_TIMEOUT, PROTOCOL_ERROR -> CloseReason.TUNNEL_LOST;
            case DRAINED, EXPIRED -> CloseReason.DRAINED;
        };
        end(why, reason.detail());
        other(from).abort();
    }

    // ---- ends

    @Override
    protected void onTimer(long now) {
        boolean half = clientEnded || serverEnded;
        long limit = (half ? settings.halfCloseTimeout() : settings.idleTimeout()).toMillis();
        long silent = now - lastActive;
        if (silent < limit) {
            wheel.set(this, limit - silent);
            return;
        }
        close(half ? CloseReason.HALF_CLOSE_TIMEOUT : CloseReason.IDLE_TIMEOUT, "no byte for " + silent / 1000 + " s");
    }

    /** Ends it now: both peers see a reset. Does nothing when it has ended. */
    public void close(CloseReason reason, @Nullable String detail) {
        if (!ended) {
            end(reason, detail);
            client.abort();
            server.abort();
        }
    }

    private void end(CloseReason reason, @Nullable String detail) {
        ended = true;
        wheel.cancel(this);
        listener.onRelayEnded(reason, detail);
    }
}
