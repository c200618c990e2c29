package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.H2Error;
import io.culvert.core.hbone.HboneStream;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.ResetReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One end of a stream as a test sees it: what has come, and how it ended. Any thread may wait. */
final class Recorder implements HboneStreamHandler {
    final CompletableFuture<ResetReason> reset = new CompletableFuture<>();
    final CountDownLatch finished = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    private final ByteArrayOutputStream got = new ByteArrayOutputStream();
    private @Nullable HboneStream stream;
    /** Whether credit is given back for what comes. */
    private volatile boolean reading = true;

    private int owed;

    void attach(HboneStream to) {
        stream = to;
    }

    HboneStream stream() {
        HboneStream s = stream;
        if (s == null) {
            throw new IllegalStateException("not attached");
        }
        return s;
    }

    /** On its loop. */
    void stopReading() {
        reading = false;
    }

    /** On its loop. */
    void goOnReading() {
        reading = true;
        stream().consumed(owed);
        owed = 0;
    }

    Recorder send(String text) {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Recorder send(byte[] bytes) {
        stream().eventLoop().execute(() -> stream().write(Unpooled.wrappedBuffer(bytes)));
        return this;
    }

    Recorder finish() {
        stream().eventLoop().execute(() -> stream().finish());
        return this;
    }

    void abort() {
        stream().eventLoop().execute(() -> stream().reset(H2Error.CONNECT_ERROR));
    }

    @Override
    public synchronized void onData(ByteBuf data) {
        int bytes = data.readableBytes();
        byte[] copy = new byte[bytes];
        data.readBytes(copy);
        data.release();
        got.writeBytes(copy);
        if (reading && stream != null) {
            stream.consumed(bytes);
        } else {
            owed += bytes;
        }
        notifyAll();
    }

    @Override
    public void onFinished() {
        finished.countDown();
        synchronized (this) {
            notifyAll();
        }
    }

    @Override
    public void onReset(ResetReason reason) {
        reset.complete(reason);
        synchronized (this) {
            notifyAll();
        }
    }

    @Override
    public void onWritable() {}

    @Override
    public void onClosed() {
        closed.countDown();
    }

    synchronized byte[] bytes() {
        return got.toByteArray();
    }

    String text() {
        return new String(bytes(), StandardCharsets.ISO_8859_1);
    }

    /** What has come, once it fulfils {@code condition}. */
    synchronized String await(Predicate<String> condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Loopback.SECONDS);
        while (!condition.test(text())) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError(
                        "has only \"" + text() + "\"; reset: " + reset + ", finished: " + (finished.getCount() == 0));
            }
            wait(left);
        }
        return text();
    }

    String await(String expected) throws InterruptedException {
        return await(text -> text.equals(expected));
    }

    boolean awaitFinished() throws InterruptedException {
        return finished.await(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    boolean awaitClosed() throws InterruptedException {
        return closed.await(Loopback.SECONDS, TimeUnit.SECONDS);
    }

    ResetReason awaitReset() throws Exception {
        return reset.get(Loopback.SECONDS, TimeUnit.SECONDS);
    }
}
