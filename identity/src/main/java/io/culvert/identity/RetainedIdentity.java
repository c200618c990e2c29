package io.culvert.identity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link RotatingCredentialSource} knows of one identity. Owned by: the source, under its lock, except for the
 * credentials, which any thread reads.
 */
final class RetainedIdentity {
    final SpiffeId id;
    /** Users on this node. */
    int uses;
    /** Failures in a row. */
    int failures;
    /** When the next attempt is due; while one is under way, when that counts as failed. */
    Instant due;
    /** The attempt under way, 0 for none; an answer of another attempt comes too late. */
    long attempt;

    @Nullable
    String lastError;

    private boolean news;
    private boolean expiryKnown;
    private List<CompletableFuture<Credentials>> waiters = new ArrayList<>();
    private volatile @Nullable Credentials credentials;

    RetainedIdentity(SpiffeId id, Instant due) {
        this.id = id;
        this.due = due;
    }

    /** The newest, whether they still hold or not. Any thread. */
    @Nullable
    Credentials newest() {
        return credentials;
    }

    /** Those to use now. Any thread. */
    @Nullable
    Credentials current(Instant now) {
        Credentials newest = credentials;
        return newest != null && now.isBefore(newest.notAfter()) ? newest : null;
    }

    void publish(Credentials next) {
        credentials = next;
        failures = 0;
        lastError = null;
        expiryKnown = false;
    }

    void failed(Throwable failure, boolean expired) {
        failures++;
        news = failures == 1 || (expired && !expiryKnown);
        expiryKnown |= expired;
        String message = failure.getMessage();
        lastError = message != null ? message : failure.getClass().getSimpleName();
    }

    /** Whether people should hear of the last failure: the first in a row, and the first without a certificate left. */
    boolean isNews() {
        return news;
    }

    /** Waits for credentials; those that gave up are dropped when others come. */
    void await(CompletableFuture<Credentials> waiter) {
        if (waiters.size() >= 64 && (waiters.size() & (waiters.size() - 1)) == 0) {
            waiters.removeIf(CompletableFuture::isDone);
        }
        waiters.add(waiter);
    }

    /** Everyone who waits, and from now on nobody. */
    List<CompletableFuture<Credentials>> takeWaiters() {
        List<CompletableFuture<Credentials>> taken = waiters;
        waiters = new ArrayList<>();
        return taken;
    }

    CredentialStatus status(Instant now) {
        Credentials newest = credentials;
        CredentialStatus.State state = current(now) != null
                ? CredentialStatus.State.AVAILABLE
                : newest == null && lastError == null
                        ? CredentialStatus.State.INITIALIZING
                        : CredentialStatus.State.UNAVAILABLE;
        return new CredentialStatus(
                id,
                state,
                newest == null ? List.of() : newest.svid().chain(),
                newest == null ? null : newest.bundle(),
                lastError,
                attempt == 0 ? due : null);
    }
}
