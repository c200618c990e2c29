package io.culvert.identity;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Obtains a certificate for each retained identity from a {@link CertificateSigner} and renews it at half of its life, with
 * a new key each time. The old certificate serves until the new one is there, and until its own end while the CA is away;
 * after that {@link #current} is null and the status has the last error.
 *
 * <p>Identities that somebody waits for come first, then those whose certificate ends first. Any thread. Works on virtual
 * threads of its own: one that waits for what is due, one for each request, one for the listeners.
 */
public final class RotatingCredentialSource implements CredentialSource {
    private static final Logger log = LoggerFactory.getLogger(RotatingCredentialSource.class);

    /** So that a clock that was set is noticed. */
    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(30);

    private final Issuance issuance;
    private final RotationSettings settings;
    private final InstantSource clock;
    private final Executor requests;
    private final Executor notifications;
    private final Runnable shutdown;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /** Changed under the lock, read without. */
    private final Map<SpiffeId, RetainedIdentity> identities = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Under the lock.
    private final RandomGenerator random;
    private boolean dirty;
    private boolean closed;
    private int underWay;
    private long lastAttempt;

    private RotatingCredentialSource(
            CertificateSigner signer,
            RotationSettings settings,
            InstantSource clock,
            RandomGenerator random,
            Executor requests,
            Executor notifications,
            Runnable shutdown) {
        this.issuance = new Issuance(signer, settings.ttl(), clock);
        this.settings = settings;
        this.clock = clock;
        this.random = random;
        this.requests = requests;
        this.notifications = notifications;
        this.shutdown = shutdown;
    }

    /** Starts a source; close it to stop its threads. */
    public static RotatingCredentialSource start(
            CertificateSigner signer, RotationSettings settings, InstantSource clock, RandomGenerator random) {
        RotatingCredentialSource source = create(signer, settings, clock, random);
        source.begin();
        return source;
    }

    /** A source that notes what is retained and asks for nothing before {@link #begin}; close it in any case. */
    public static RotatingCredentialSource create(
            CertificateSigner signer, RotationSettings settings, InstantSource clock, RandomGenerator random) {
        ExecutorService requests = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("certificate-request-", 0).factory());
        ExecutorService notifications = Executors.newSingleThreadExecutor(
                Thread.ofVirtual().name("certificate-listeners").factory());
        return new RotatingCredentialSource(signer, settings, clock, random, requests, notifications, () -> {
            requests.shutdownNow();
            notifications.shutdown();
        });
    }

    /** Begins to make keys and to ask the CA. Once; after {@link #close} it does nothing. */
    public void begin() {
        Thread.ofVirtual().name("certificate-rotation").start(this::runUntilClosed);
    }

    /** A source without threads: {@link #runDue} must be called, and everything happens in it. For tests. */
    static RotatingCredentialSource stepwise(
            CertificateSigner signer, RotationSettings settings, InstantSource clock, RandomGenerator random) {
        return new RotatingCredentialSource(signer, settings, clock, random, Runnable::run, Runnable::run, () -> {});
    }

    @Override
    public @Nullable Credentials current(SpiffeId id) {
        RetainedIdentity identity = identities.get(id);
        return identity == null ? null : identity.current(clock.instant());
    }

    @Override
    public CompletableFuture<Credentials> require(SpiffeId id) {
        lock.lock();
        try {
            RetainedIdentity identity = identities.get(id);
            if (identity == null) {
                return CompletableFuture.failedFuture(new CredentialException(
                        "no pod of this node runs as " + id + ", so there is no certificate for it"));
            }
            Credentials current = identity.current(clock.instant());
            if (current != null) {
                return CompletableFuture.completedFuture(current);
            }
            CompletableFuture<Credentials> waiter = new CompletableFuture<>();
            identity.await(waiter);
            return waiter;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void retain(SpiffeId id) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the certificate source is closed");
            }
            RetainedIdentity identity = identities.get(id);
            if (identity == null) {
                identity = new RetainedIdentity(id, clock.instant());
                identities.put(id, identity);
            } else if (identity.attempt == 0 && identity.current(clock.instant()) == null) {
                // A new pod is news: what the CA refused a minute ago it may grant now.
                identity.due = clock.instant();
            }
            identity.uses++;
            wake();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void release(SpiffeId id) {
        List<CompletableFuture<Credentials>> waiters;
        lock.lock();
        try {
            RetainedIdentity identity = identities.get(id);
            if (identity == null) {
                if (closed) {
                    return;
                }
                throw new IllegalStateException(id + " is released more often than it was retained");
            }
            if (--identity.uses > 0) {
                return;
            }
            identities.remove(id);
            if (identity.attempt != 0) {
                underWay--;
                identity.attempt = 0;
            }
            waiters = identity.takeWaiters();
            wake();
        } finally {
            lock.unlock();
        }
        CredentialException gone = new CredentialException("the last pod that runs as " + id + " left this node");
        notifications.execute(() -> {
            waiters.forEach(waiter -> waiter.completeExceptionally(gone));
            tell(listener -> listener.onForgotten(id));
        });
    }

    @Override
    public void addListener(Listener listener) {
        listeners.add(listener);
    }

    @Override
    public List<CredentialStatus> status() {
        Instant now = clock.instant();
        lock.lock();
        try {
            return identities.values().stream()
                    .map(identity -> identity.status(now))
                    .sorted(Comparator.comparing(CredentialStatus::id))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        Map<SpiffeId, List<CompletableFuture<Credentials>>> forgotten = new HashMap<>();
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            identities.values().forEach(identity -> forgotten.put(identity.id, identity.takeWaiters()));
            identities.clear();
            wake();
        } finally {
            lock.unlock();
        }
        CredentialException gone = new CredentialException("the certificate source is closed: the agent is stopping");
        notifications.execute(() -> forgotten.forEach((id, waiters) -> {
            waiters.forEach(waiter -> waiter.completeExceptionally(gone));
            tell(listener -> listener.onForgotten(id));
        }));
        shutdown.run();
    }

    private void runUntilClosed() {
        while (true) {
            Instant next = runDue();
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                Duration sleep = Duration.between(clock.instant(), next);
                if (!dirty && sleep.isPositive()) {
                    sleep = sleep.compareTo(LONGEST_SLEEP) < 0 ? sleep : LONGEST_SLEEP;
                    long _ = changed.awaitNanos(sleep.toNanos());
                }
                dirty = false;
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts the rotation", e);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Starts every attempt that is due and has a place, ends those that took too long; returns when to come again. */
    Instant runDue() {
        List<Runnable> started = new ArrayList<>();
        Instant next = clock.instant().plus(LONGEST_SLEEP);
        lock.lock();
        try {
            Instant now = clock.instant();
            List<RetainedIdentity> due = new ArrayList<>();
            for (RetainedIdentity identity : identities.values()) {
                if (!identity.due.isAfter(now)) {
                    if (identity.attempt != 0) {
                        fail(
                                identity,
                                new CredentialException("the CA did not answer within "
                                        + settings.attemptTimeout().toMillis() + " ms"));
                    } else {
                        due.add(identity);
                    }
                }
            }
            due.sort(byUrgency(now));
            for (RetainedIdentity identity : due.subList(0, Math.min(due.size(), settings.concurrency() - underWay))) {
                long attempt = begin(identity, now);
                started.add(() -> attempt(identity, attempt));
            }
            for (RetainedIdentity identity : identities.values()) {
                // One that is due but found no place waits for the end of another, which wakes this.
                if (identity.due.isAfter(now) && identity.due.isBefore(next)) {
                    next = identity.due;
                }
            }
        } finally {
            lock.unlock();
        }
        started.forEach(requests::execute);
        return next;
    }

    private static Comparator<RetainedIdentity> byUrgency(Instant now) {
        return Comparator.comparing((RetainedIdentity identity) -> {
                    Credentials current = identity.current(now);
                    return current == null ? Instant.MIN : current.notAfter();
                })
                .thenComparing(identity -> identity.due);
    }

    private long begin(RetainedIdentity identity, Instant now) {
        underWay++;
        identity.attempt = ++lastAttempt;
        identity.due = now.plus(settings.attemptTimeout());
        return identity.attempt;
    }

    private void attempt(RetainedIdentity identity, long attempt) {
        CompletableFuture<Credentials> _ = issuance.obtain(identity.id)
                .whenComplete((credentials, failure) -> notifications.execute(() -> {
                    if (failure == null) {
                        obtained(identity, attempt, credentials);
                    } else {
                        failed(identity, attempt, failure);
                    }
                }));
    }

    /** On the listeners' thread. */
    private void obtained(RetainedIdentity identity, long attempt, Credentials credentials) {
        if (!isUnderWay(identity, attempt)) {
            return;
        }
        tell(listener -> listener.onPrepare(identity.id, credentials));
        List<CompletableFuture<Credentials>> waiters;
        lock.lock();
        try {
            if (identity.attempt != attempt) {
                return;
            }
            end(identity);
            if (identity.failures > 0) {
                log.info("{} has a certificate again, until {}", identity.id, credentials.notAfter());
            }
            identity.publish(credentials);
            identity.due = Backoff.renewal(clock.instant(), credentials.notAfter(), random);
            waiters = identity.takeWaiters();
        } finally {
            lock.unlock();
        }
        log.debug("{} has a certificate until {}", identity.id, credentials.notAfter());
        waiters.forEach(waiter -> waiter.complete(credentials));
        tell(listener -> listener.onRotated(identity.id, credentials));
    }

    private void failed(RetainedIdentity identity, long attempt, Throwable failure) {
        lock.lock();
        try {
            if (identity.attempt == attempt) {
                fail(
                        identity,
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isUnderWay(RetainedIdentity identity, long attempt) {
        lock.lock();
        try {
            return identity.attempt == attempt;
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    private void fail(RetainedIdentity identity, Throwable failure) {
        end(identity);
        Instant now = clock.instant();
        Credentials newest = identity.newest();
        boolean expired = newest != null && identity.current(now) == null;
        identity.failed(failure, expired);
        Instant notAfter = newest == null ? null : newest.notAfter();
        Duration pause = Backoff.pause(identity.failures, now, notAfter, settings.ttl(), random);
        identity.due = now.plus(pause);
        if (identity.isNews()) {
            log.warn(
                    "No certificate for {}: {}. {}; next attempt in {} ms, then less often",
                    identity.id,
                    identity.lastError,
                    newest == null
                            ? "Its pods have none yet"
                            : (expired ? "The one it had expired at " : "The one it has serves until ") + notAfter,
                    pause.toMillis());
        } else {
            log.debug("Again no certificate for {}: {}", identity.id, identity.lastError);
        }
    }

    /** Under the lock: the attempt is over, however it went. */
    private void end(RetainedIdentity identity) {
        identity.attempt = 0;
        underWay--;
        wake();
    }

    /** Under the lock. */
    private void wake() {
        dirty = true;
        changed.signal();
    }

    private void tell(Consumer<Listener> news) {
        for (Listener listener : listeners) {
            try {
                news.accept(listener);
            } catch (RuntimeException e) {
                log.error("A listener for certificates failed: {}", listener, e);
            }
        }
    }
}
