package io.culvert.agent;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** Whether the event loops turn: each must run a task within half a second. Any thread but a loop. */
final class LoopCheck {
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final EventLoopGroup loops;

    LoopCheck(EventLoopGroup loops) {
        this.loops = loops;
    }

    boolean allTurn() {
        int count = 0;
        for (EventExecutor _ : loops) {
            count++;
        }
        CountDownLatch turned = new CountDownLatch(count);
        try {
            for (EventExecutor loop : loops) {
                loop.execute(turned::countDown);
            }
            return turned.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
