package io.culvert.core.hbone;

/** Who waits for the answer to a CONNECT: the opener of a client's stream, the request of a server's. */
interface Unanswered {
    /** The stream ended without an answer. */
    void onGone(ResetReason reason);
}
