package io.culvert.core.hbone;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Sends back what comes, no faster than it leaves: credit is returned when the queue is short. */
final class Echo implements HboneStreamHandler {
    final CompletableFuture<ResetReason> reset = new CompletableFuture<>();

    private @Nullable HboneStream stream;
    private int owed;

    static ConnectHandler server() {
        return connect -> {
            Echo echo = new Echo();
            echo.attach(connect.accept(echo, List.of()));
        };
    }

    void attach(HboneStream to) {
        stream = to;
    }

    private HboneStream stream() {
        HboneStream s = stream;
        if (s == null) {
            throw new IllegalStateException("not open");
        }
        return s;
    }

    @Override
    public void onData(ByteBuf data) {
        owed += data.readableBytes();
        stream().write(data);
        if (stream().isWritable()) {
            pay();
        }
    }

    private void pay() {
        int n = owed;
        owed = 0;
        stream().consumed(n);
    }

    @Override
    public void onFinished() {
        stream().finish();
    }

    @Override
    public void onReset(ResetReason reason) {
        reset.complete(reason);
    }

    @Override
    public void onWritable() {
        pay();
    }

    @Override
    public void onClosed() {
        pay();
    }
}
