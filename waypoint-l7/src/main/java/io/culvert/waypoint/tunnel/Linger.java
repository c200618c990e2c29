package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.H2Error;
import io.culvert.core.hbone.HboneStream;
import java.util.concurrent.TimeUnit;

/**
 * A stream after our end of it was closed: the peer may still send, which is dropped for a while, so that it can read what
 * we sent; then it is reset. Owned by the stream's loop.
 */
final class Linger {
    /** How long the peer may take to end its direction, each time that some of the queue has left. */
    private static final long SECONDS = 5;

    private final HboneStream stream;
    private int queued;
    private boolean over;

    private Linger(HboneStream stream) {
        this.stream = stream;
    }

    static Linger begin(HboneStream stream) {
        Linger linger = new Linger(stream);
        linger.watch();
        return linger;
    }

    private void watch() {
        queued = stream.queuedBytes();
        var _ = stream.eventLoop().schedule(this::look, SECONDS, TimeUnit.SECONDS);
    }

    /** Somebody who goes on sending has not noticed that we closed: once what we sent is out, nothing is owed to it. */
    void dropped() {
        if (!over && stream.queuedBytes() == 0) {
            end(H2Error.NO_ERROR);
        }
    }

    private void look() {
        if (over) {
            return;
        }
        int left = stream.queuedBytes();
        if (left > 0 && left < queued) {
            watch();
        } else {
            end(left == 0 ? H2Error.NO_ERROR : H2Error.CONNECT_ERROR);
        }
    }

    private void end(H2Error error) {
        over = true;
        stream.reset(error);
    }

    /** The peer has ended, or the stream is gone. */
    void stop() {
        over = true;
    }
}
