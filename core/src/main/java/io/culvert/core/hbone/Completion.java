package io.culvert.core.hbone;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Waits for sockets to close. */
final class Completion {
    private Completion() {}

    /** Completes {@code done} when the channels of all {@code tunnels} are closed. Called on their loop. */
    static void whenClosed(List<? extends TunnelCore> tunnels, CompletableFuture<Void> done) {
        if (tunnels.isEmpty()) {
            done.complete(null);
            return;
        }
        int[] left = {tunnels.size()};
        for (TunnelCore tunnel : tunnels) {
            tunnel.ctx().channel().closeFuture().addListener(f -> {
                if (--left[0] == 0) {
                    done.complete(null);
                }
            });
        }
    }
}
