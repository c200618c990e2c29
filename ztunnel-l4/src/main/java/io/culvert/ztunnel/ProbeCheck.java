package io.culvert.ztunnel;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a client sends and says whether it is a kubelet probe and nothing else. Bytes are only released to the app
 * once they are judged. Owned by a channel's loop.
 */
interface ProbeCheck {
    /** What the bytes so far are. */
    enum Verdict {
        /** Not enough bytes. */
        MORE,
        /** So far a probe: {@link ProbeCheck#passed} may go to the app, what follows is judged too. */
        PROBE,
        /** Something else, see {@link ProbeCheck#why}. */
        OTHER
    }

    /** Judges further bytes; they stay the caller's. */
    Verdict feed(ByteBuf data);

    /** What may go on to the app since the last call, null for nothing; ownership goes to the caller. */
    @Nullable
    ByteBuf passed();

    /** Whether the request itself is complete and was the declared one: from here on the time bound is lifted. */
    boolean complete();

    /** Why it is no probe. */
    String why();

    /** Frees what is held. */
    void close();
}
