package io.culvert.core.relay;

import io.culvert.core.hbone.H2Error;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.ResetReason;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The end of a relay that is an HBONE stream. Give it to the open (or the accept) as handler, then {@link #opened} with
 * the stream, then join it. Credit goes back to the peer when its bytes have left for the app's socket, or are below the
 * watermark of another stream. Owned by the tunnel's loop.
 */
public final class RelayStream implements HboneStreamHandler, RelayHalf {
    private final ByteBudget budget;
    private @Nullable HboneStream stream;
    private @Nullable Relay relay;
    private @Nullable ResetReason early;
    private int charged;
    // Bytes of another stream that wait here beyond the watermark: their credit goes back when they are below it.
    private int owed;
    private boolean fromStream;
    private boolean closed;

    /** @param budget what is queued for the stream above its watermark is charged to */
    public RelayStream(ByteBudget budget) {
        this.budget = budget;
    }

    /** The stream that this is the handler of. */
    public void opened(HboneStream opened) {
        stream = opened;
    }

    private HboneStream stream() {
        if (stream == null) {
            throw new IllegalStateException("no stream yet");
        }
        return stream;
    }

    @Override
    public void bind(Relay to) {
        relay = to;
        fromStream = to.other(this) instanceof RelayStream;
        if (early != null) {
            onReset(early);
        }
    }

    // ---- from the tunnel

    @Override
    public void onData(ByteBuf data) {
        Relay to = relay;
        if (to == null || to.isEnded()) {
            int bytes = data.readableBytes();
            data.release();
            if (stream != null) {
                stream.consumed(bytes);
            }
            return;
        }
        to.onData(this, data);
        to.other(this).flush();
    }

    @Override
    public void onFinished() {
        if (relay != null) {
            relay.onEnd(this);
        }
    }

    @Override
    public void onReset(ResetReason reason) {
        uncharge();
        if (relay == null) {
            early = reason;
        } else {
            relay.onStreamReset(this, reason);
        }
    }

    @Override
    public void onWritable() {
        uncharge();
        payOwed();
        if (relay != null) {
            relay.onWritable(this);
        }
    }

    @Override
    public void onClosed() {
        closed = true;
        uncharge();
        payOwed();
        if (relay != null) {
            relay.onOutputEnded();
        }
    }

    // ---- from the relay

    @Override
    public void write(ByteBuf data) {
        int bytes = data.readableBytes();
        HboneStream to = stream();
        to.write(data);
        // Below the watermark a stream's queue is the tunnel's ordinary business.
        if (!to.isWritable()) {
            budget.charge(bytes);
            charged += bytes;
            owed += fromStream ? bytes : 0;
        } else if (fromStream && relay != null) {
            relay.other(this).consumed(bytes);
        }
    }

    private void payOwed() {
        int bytes = owed;
        owed = 0;
        if (bytes > 0 && relay != null) {
            relay.other(this).consumed(bytes);
        }
    }

    private void uncharge() {
        if (charged > 0) {
            budget.release(charged);
            charged = 0;
        }
    }

    @Override
    public void flush() {
        // The tunnel flushes once per turn of the loop by itself.
    }

    @Override
    public boolean isWritable() {
        return stream().isWritable();
    }

    @Override
    public void reading(boolean on) {
        // Credit rules what comes.
    }

    @Override
    public void consumed(int bytes) {
        stream().consumed(bytes);
    }

    @Override
    public void finish() {
        stream().finish();
    }

    @Override
    public boolean isDone() {
        return closed;
    }

    @Override
    public void abort() {
        uncharge();
        if (stream != null && !closed) {
            // CANCEL would count as a clean end with ztunnel.
            stream.reset(H2Error.CONNECT_ERROR);
        }
    }

    @Override
    public void close() {
        if (stream != null && !closed) {
            stream.reset(H2Error.NO_ERROR);
        }
        uncharge();
    }
}
