package io.culvert.core.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;

/**
 * One promise for all writes of a socket, never done: it learns from Netty which bytes have left, in order, without an
 * object for each write. Owned by the channel's loop. Nobody may wait for it or add listeners.
 */
final class WriteTracker extends DefaultChannelPromise {
    private static final int SMALL = 4;

    private final RelaySocket socket;
    // A ring of the sizes of writes that have not ended; its length is a power of two.
    private int[] sizes = new int[SMALL];
    private int head;
    private int count;
    private int pendingBytes;

    WriteTracker(Channel channel, RelaySocket socket) {
        super(channel);
        this.socket = socket;
    }

    /** Call before each write with this promise. */
    void add(int bytes) {
        if (count == sizes.length) {
            int[] larger = new int[count * 2];
            for (int i = 0; i < count; i++) {
                larger[i] = sizes[(head + i) & (count - 1)];
            }
            sizes = larger;
            head = 0;
        }
        sizes[(head + count) & (sizes.length - 1)] = bytes;
        count++;
        pendingBytes += bytes;
    }

    /** Bytes that were written to the channel and have not left. */
    int pendingBytes() {
        return pendingBytes;
    }

    boolean isEmpty() {
        return count == 0;
    }

    private int remove() {
        int bytes = sizes[head];
        head = (head + 1) & (sizes.length - 1);
        count--;
        pendingBytes -= bytes;
        if (count == 0 && sizes.length > 16) {
            sizes = new int[SMALL];
            head = 0;
        }
        return bytes;
    }

    @Override
    public boolean trySuccess(Void result) {
        socket.onWritten(remove(), null);
        return true;
    }

    @Override
    public boolean trySuccess() {
        return trySuccess(null);
    }

    @Override
    public ChannelPromise setSuccess(Void result) {
        trySuccess(null);
        return this;
    }

    @Override
    public ChannelPromise setSuccess() {
        return setSuccess(null);
    }

    @Override
    public boolean tryFailure(Throwable cause) {
        socket.onWritten(remove(), cause);
        return true;
    }

    @Override
    public ChannelPromise setFailure(Throwable cause) {
        tryFailure(cause);
        return this;
    }

    @Override
    public boolean setUncancellable() {
        // The inherited one would store a result and so end the reuse.
        return true;
    }
}
