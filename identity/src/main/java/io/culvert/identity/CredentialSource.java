package io.culvert.identity;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Where the credentials of this node's workloads come from. Any thread; nothing here blocks.
 *
 * <p>The same interface serves a source that asks a CA and rotates by itself, and one that is pushed to (SPIFFE Workload
 * API, SPIRE's Delegated Identity API): {@link #retain} says which identities are wanted, new credentials arrive
 * when the source has them, and listeners hear of each.
 */
public interface CredentialSource extends AutoCloseable {

    /** The credentials to use now, or null when there are none that hold at this moment. */
    @Nullable
    Credentials current(SpiffeId id);

    /**
     * Completes as soon as there are credentials that hold: at once when there are already. Completes exceptionally with a
     * {@link CredentialException} when nobody retains the identity, when the last one releases it, and when the source
     * closes; otherwise it waits for as long as the caller does. Each call has a future of its own, which the caller may
     * complete to give up. Completed on a thread of the source: an event loop hops.
     */
    CompletableFuture<Credentials> require(SpiffeId id);

    /** As {@link #require(SpiffeId)}, but after {@code timeout} fails with a message that has the latest error. */
    default CompletableFuture<Credentials> require(SpiffeId id, Duration timeout) {
        return require(id)
                .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        failure instanceof TimeoutException
                                ? new CredentialException(
                                        "no certificate for " + id + " within " + timeout.toMillis() + " ms: "
                                                + lastError(id),
                                        failure)
                                : failure));
    }

    private String lastError(SpiffeId id) {
        for (CredentialStatus status : status()) {
            if (status.id().equals(id)) {
                String error = status.lastError();
                return error != null ? error : "the certificate source has not answered yet";
            }
        }
        return "the identity is no longer used on this node";
    }

    /** One more user of this identity on this node: a pod, as a rule. The first makes the source obtain credentials. */
    void retain(SpiffeId id);

    /** One user less. The last makes the source forget certificate and key. Without a {@link #retain} a mistake. */
    void release(SpiffeId id);

    /** From now on hears of every change. Listeners are called on a thread of the source, one call at a time. */
    void addListener(Listener listener);

    /** All retained identities, in order of their IDs. */
    List<CredentialStatus> status();

    /** Forgets everything; waiting requests fail. Idempotent. */
    @Override
    void close();

    /** Hears of credentials that come and go. Implementations must be quick and must not throw. */
    interface Listener {
        /** These will be current in a moment: the time to prepare what is expensive, away from event loops. */
        default void onPrepare(SpiffeId id, Credentials next) {}

        /** These are current now; for the first credentials of an identity as for every later one. */
        void onRotated(SpiffeId id, Credentials current);

        /** The last user is gone: whatever was derived from this identity's credentials can go. */
        default void onForgotten(SpiffeId id) {}
    }
}
