package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.EventLoop;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * Opens streams over pooled tunnels: one tunnel per {@link PoolKey} to begin with, more while all of them are at their
 * stream limit. A key's tunnels are on one loop; while that is busy and another is not, new streams get a tunnel there,
 * so that one processor is not the limit of a busy peer. Any thread, except {@link #open}.
 */
public final class HbonePool implements AutoCloseable {
    /** A loop that uses more of a processor gets company, of one that uses less than half of it. In percent. */
    private static final int BUSY = 75;

    private final List<LoopPool> parts = new ArrayList<>();
    // Where a key's tunnels are; forgotten by the loop's sweep some time after its last tunnel has gone.
    private final ConcurrentMap<PoolKey, List<LoopPool>> pins = new ConcurrentHashMap<>();
    private final TunnelContext shared;

    /**
     * @param loops where tunnels live; also where app sockets must be registered
     * @param clock for the expiry of certificates
     */
    public HbonePool(
            List<EventLoop> loops,
            TunnelSockets sockets,
            TunnelTls tls,
            TunnelEvents events,
            HboneSettings settings,
            InstantSource clock) {
        this(loops, sockets, tls, events, settings, clock, HbonePool::threadLoad);
    }

    /** @param load for each loop what tells, on that loop, how much of a processor it uses, in percent */
    HbonePool(
            List<EventLoop> loops,
            TunnelSockets sockets,
            TunnelTls tls,
            TunnelEvents events,
            HboneSettings settings,
            InstantSource clock,
            Function<EventLoop, IntSupplier> load) {
        if (loops.isEmpty()) {
            throw new IllegalArgumentException("a pool needs an event loop");
        }
        shared = new TunnelContext(settings, tls, events, new HboneStats(), clock, System::nanoTime);
        for (EventLoop loop : loops) {
            parts.add(new LoopPool(loop, shared, sockets, this::unpin, load.apply(loop)));
        }
    }

    private static IntSupplier threadLoad(EventLoop loop) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return new ThreadLoad(System::nanoTime, threads::getCurrentThreadCpuTime);
    }

    /** The loop of this key's tunnels: register the app's socket there before calling {@link #open} on it. */
    public EventLoop loopFor(PoolKey key) {
        List<LoopPool> pinned = pins.get(key);
        if (pinned == null) {
            pinned = pins.computeIfAbsent(key, this::pin);
        }
        // The first that is not busy, so that later ones can run empty.
        for (int i = 0; i < pinned.size(); i++) {
            if (pinned.get(i).busy() <= BUSY) {
                return pinned.get(i).loop();
            }
        }
        return leastBusy(key, pinned).loop();
    }

    private List<LoopPool> pin(PoolKey key) {
        LoopPool least = parts.getFirst();
        for (LoopPool part : parts) {
            if (part.pinned.get() < least.pinned.get()) {
                least = part;
            }
        }
        return List.of(pinned(key, least));
    }

    private static LoopPool pinned(PoolKey key, LoopPool part) {
        part.pinned.incrementAndGet();
        part.loop().execute(() -> part.entry(key));
        return part;
    }

    private LoopPool leastBusy(PoolKey key, List<LoopPool> pinned) {
        Comparator<LoopPool> byLoad = Comparator.comparingInt(LoopPool::busy);
        LoopPool idlest = Collections.min(parts, byLoad);
        if (idlest.busy() > BUSY / 2) {
            return Collections.min(pinned, byLoad);
        }
        pins.compute(key, (k, now) -> {
            if (now != null && now.contains(idlest)) {
                return now;
            }
            List<LoopPool> more = now == null ? new ArrayList<>() : new ArrayList<>(now);
            more.add(pinned(key, idlest));
            return List.copyOf(more);
        });
        return idlest;
    }

    private void unpin(PoolKey key, LoopPool part) {
        pins.computeIfPresent(key, (k, now) -> {
            if (!now.contains(part)) {
                return now;
            }
            part.pinned.decrementAndGet();
            return now.size() == 1
                    ? null
                    : now.stream().filter(other -> other != part).toList();
        });
    }

    /**
     * Opens a stream; {@code listener} gets the result. Must be called on one of the pool's loops, the stream will be
     * on that loop.
     *
     * @param budget what the stream's receive window is charged to
     * @throws IllegalStateException when called elsewhere
     */
    public PendingOpen open(
            PoolKey key,
            ConnectRequest request,
            WindowBudget budget,
            HboneStreamHandler handler,
            OpenListener listener) {
        for (int i = 0; i < parts.size(); i++) {
            LoopPool part = parts.get(i);
            if (part.loop().inEventLoop()) {
                return part.open(key, request, budget, handler, listener);
            }
        }
        throw new IllegalStateException("open was not called on a loop of the pool: use loopFor");
    }

    /** The mesh no longer has these peers: their tunnels take no new streams and close when theirs have ended. */
    public void invalidate(Predicate<PoolKey> peers) {
        onLoops(part -> part.each(peers, PoolEntry::invalidate));
    }

    /** Closes the tunnels of these keys at once and resets their streams: the source pod is gone, say. */
    public void abort(Predicate<PoolKey> keys) {
        onLoops(part -> part.each(keys, PoolEntry::abort));
    }

    /** There is a new certificate for {@code local}: new streams use new tunnels, the old ones finish theirs. */
    public void onRotated(SpiffeId local) {
        onLoops(part -> part.each(key -> key.local().equals(local), entry -> {
            TunnelTls.Credential current = shared.tls().current(local);
            if (current != null) {
                entry.rotated(current.generation());
            }
        }));
    }

    /**
     * Refuses opens from now on, lets streams finish until {@code deadline} has passed, then resets them. Completes when
     * no tunnel is left.
     */
    public CompletableFuture<Void> drain(Duration deadline) {
        return closeAll(part -> part.each(key -> true, entry -> entry.drain(deadline)));
    }

    /** Refuses opens from now on and resets everything at once. */
    @Override
    public void close() {
        closeAll(part -> part.each(key -> true, PoolEntry::abort));
    }

    public HboneStats stats() {
        return shared.stats();
    }

    private CompletableFuture<Void> closeAll(java.util.function.Consumer<LoopPool> action) {
        List<CompletableFuture<Void>> gone = new ArrayList<>();
        for (LoopPool part : parts) {
            CompletableFuture<Void> empty = new CompletableFuture<>();
            gone.add(empty);
            part.loop().execute(() -> {
                part.drain();
                List<ClientTunnel> alive = part.alive();
                action.accept(part);
                Completion.whenClosed(alive, empty);
            });
        }
        return CompletableFuture.allOf(gone.toArray(new CompletableFuture<?>[0]));
    }

    private void onLoops(java.util.function.Consumer<LoopPool> action) {
        for (LoopPool part : parts) {
            part.loop().execute(() -> action.accept(part));
        }
    }
}
