package io.culvert.waypoint.tunnel;

import io.culvert.core.hbone.ResetReason;
import java.io.IOException;

/** A stream ended before its end, as a reset of a socket would. Without a trace: it tells of the other side. */
public final class StreamResetException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient ResetReason reason;

    StreamResetException(ResetReason reason) {
        super(reason.detail());
        this.reason = reason;
    }

    /** What ended it. */
    public ResetReason reason() {
        return reason;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
