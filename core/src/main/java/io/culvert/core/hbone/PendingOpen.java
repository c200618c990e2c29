package io.culvert.core.hbone;

/** An open that may not have ended yet. Owned by the loop that opened it. */
@FunctionalInterface
public interface PendingOpen {
    /** Gives the open up: its listener is not called any more. Does nothing once the listener was called. */
    void cancel();
}
