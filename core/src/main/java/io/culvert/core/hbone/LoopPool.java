package io.culvert.core.hbone;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/** The part of a pool that lives on one loop. Owned by: that loop, except what says otherwise. */
final class LoopPool {
    private static final Duration SWEEP = Duration.ofSeconds(10);

    private final EventLoop loop;
    private final TunnelContext shared;
    private final TunnelSockets sockets;
    private final BiConsumer<PoolKey, LoopPool> onRemoved;
    private final IntSupplier load;
    private final Map<PoolKey, PoolEntry> entries = new HashMap<>();
    /** Keys that are pinned here. Any thread. */
    final AtomicInteger pinned = new AtomicInteger();

    /** Of a processor, in percent, as last measured: at an open or a sweep. Any thread. */
    private volatile int busy;

    private boolean draining;

    /** @param load how busy the loop is, asked on it */
    LoopPool(
            EventLoop loop,
            TunnelContext shared,
            TunnelSockets sockets,
            BiConsumer<PoolKey, LoopPool> onRemoved,
            IntSupplier load) {
        this.load = load;
        this.loop = loop;
        this.shared = shared;
        this.sockets = sockets;
        this.onRemoved = onRemoved;
        loop.scheduleWithFixedDelay(this::sweep, SWEEP.toMillis(), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
    }

    EventLoop loop() {
        return loop;
    }

    /** The share of a processor that the loop used of late, in percent. Any thread. */
    int busy() {
        return busy;
    }

    /** Makes the entry of a key that was pinned here, so that a sweep can forget it if no open follows. */
    PoolEntry entry(PoolKey key) {
        assert loop.inEventLoop();
        return entries.computeIfAbsent(key, k -> new PoolEntry(k, shared, sockets, loop));
    }

    PendingOpen open(
            PoolKey key,
            ConnectRequest request,
            WindowBudget budget,
            HboneStreamHandler handler,
            OpenListener listener) {
        measure();
        PoolEntry entry = entry(key);
        OpenAttempt open = new OpenAttempt(entry, request, budget, handler, listener);
        if (draining) {
            open.failed(HboneFailure.DRAINING, "the proxy is shutting down");
        } else {
            entry.submit(open);
        }
        return open;
    }

    void each(Predicate<PoolKey> keys, Consumer<PoolEntry> action) {
        assert loop.inEventLoop();
        for (PoolEntry entry : List.copyOf(entries.values())) {
            if (keys.test(entry.key())) {
                action.accept(entry);
            }
        }
    }

    void drain() {
        draining = true;
    }

    /** Tunnels that have a socket, whatever their state. */
    List<ClientTunnel> alive() {
        List<ClientTunnel> all = new ArrayList<>();
        each(key -> true, entry -> all.addAll(entry.alive()));
        return all;
    }

    private void measure() {
        int now = load.getAsInt();
        if (now != busy) {
            busy = now;
        }
    }

    private void sweep() {
        // Where nothing is opened any more, what was seen at the last open would hold for ever.
        measure();
        for (PoolEntry entry : List.copyOf(entries.values())) {
            if (entry.sweep()) {
                entries.remove(entry.key());
                onRemoved.accept(entry.key(), this);
            }
        }
    }
}
