package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The user of a stream in tests: checks that the bytes of the {@link #pattern} arrive in order, counts them, sends
 * pattern bytes as the stream allows, and remembers how the stream ended. Driven on the loop, asked on any thread.
 */
class Recorder implements HboneStreamHandler {
    static final int TIMEOUT_SECONDS = 20;

    final CompletableFuture<Long> finished = new CompletableFuture<>();
    final CompletableFuture<ResetReason> reset = new CompletableFuture<>();
    final CompletableFuture<Void> closed = new CompletableFuture<>();
    final CompletableFuture<String> wrong = new CompletableFuture<>();

    volatile long received;
    volatile long largestBacklog;
    /** While false, credit is kept back: a reader that stopped. */
    volatile boolean reading = true;

    private long unconsumed;
    private @Nullable HboneStream stream;
    private long sent;
    private long toSend;
    private int chunk = 1;
    private boolean finishAfter;

    static byte pattern(long at) {
        long x = at * 0x9E3779B97F4A7C15L;
        return (byte) (x >>> 56);
    }

    void attach(HboneStream to) {
        stream = to;
    }

    HboneStream stream() {
        HboneStream s = stream;
        if (s == null) {
            throw new IllegalStateException("not open");
        }
        return s;
    }

    /** Sends {@code bytes} of the pattern in pieces of {@code size}, then perhaps END_STREAM. On the loop. */
    void send(long bytes, int size, boolean finish) {
        toSend += bytes;
        chunk = size;
        finishAfter = finish;
        pump();
    }

    long sent() {
        return sent;
    }

    private void pump() {
        HboneStream to = stream();
        while (sent < toSend && to.isWritable()) {
            int n = (int) Math.min(chunk, toSend - sent);
            byte[] bytes = new byte[n];
            for (int i = 0; i < n; i++) {
                bytes[i] = pattern(sent + i);
            }
            ByteBuf out = ByteBufAllocator.DEFAULT.buffer(n).writeBytes(bytes);
            sent += n;
            to.write(out);
        }
        if (sent == toSend && finishAfter) {
            finishAfter = false;
            to.finish();
        }
    }

    /** Reads on after {@link #reading} was false. On the loop. */
    void resume() {
        reading = true;
        long n = unconsumed;
        unconsumed = 0;
        stream().consumed((int) n);
    }

    @Override
    public void onData(ByteBuf data) {
        int n = data.readableBytes();
        // One access: with paranoid leak detection each of them costs a stack trace.
        byte[] bytes = new byte[n];
        data.readBytes(bytes);
        for (int i = 0; i < n; i++) {
            if (bytes[i] != pattern(received + i)) {
                wrong.complete("byte " + (received + i) + " is not the one that was sent");
                break;
            }
        }
        data.release();
        long total = received + n;
        received = total;
        unconsumed += n;
        largestBacklog = Math.max(largestBacklog, unconsumed);
        if (reading && stream != null) {
            long back = unconsumed;
            unconsumed = 0;
            stream().consumed((int) back);
        }
    }

    @Override
    public void onFinished() {
        finished.complete(received);
    }

    @Override
    public void onReset(ResetReason reason) {
        reset.complete(reason);
    }

    @Override
    public void onWritable() {
        pump();
    }

    @Override
    public void onClosed() {
        closed.complete(null);
    }

    long awaitFinished() throws Exception {
        long n = finished.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        assertThat(wrong.isDone()).as(wrong.toString()).isFalse();
        return n;
    }

    ResetReason awaitReset() throws Exception {
        return reset.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    void awaitClosed() throws Exception {
        closed.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }
}
