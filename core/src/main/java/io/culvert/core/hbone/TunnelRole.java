package io.culvert.core.hbone;

import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/** What client and server add to a tunnel, each called on the tunnel's loop by {@link TunnelCore} and its parts. */
abstract class TunnelRole extends SecuredChannel {
    /** What stands before our SETTINGS, and they themselves as pairs of id and value. */
    abstract int[] start();

    /** The peer's SETTINGS have come. */
    abstract void up();

    /** The peer announced something new. */
    abstract void peerLimitsChanged();

    /** TLS or HTTP/2 did not come up; the channel is closed. */
    abstract void failed(HboneFailure kind, String detail, @Nullable Throwable cause);

    /** The tunnel was up and is no more; its streams are gone. */
    abstract void down(@Nullable ResetReason reason);

    /** A decoded header block, of a stream in the table or not. */
    abstract void headers(int id, @Nullable H2Stream stream, Http2Headers headers, boolean endStream);

    /** A header block that is bad for its stream only. */
    abstract void badHeaders(int id, @Nullable H2Stream stream, String detail);

    /** Whether this id was never used (section 5.1.1). */
    abstract boolean isIdle(int id);

    /** Whether DATA may come on this stream now. */
    abstract boolean takesData(H2Stream stream);

    /** A stream has left the table. */
    abstract void forgotten(H2Stream stream);

    /** The peer's GOAWAY. */
    abstract void goingAway(int lastStream, H2Error code, String debug);

    /** A certificate has expired, or the streams shall end for another reason: take no new ones, close after the last. */
    abstract void retire(String why);

    /** Every ping interval. */
    abstract void tick(int age);

    /** An acknowledged PING, whichever. */
    void pingAcknowledged() {}

    /** The highest stream of the peer's that we acted on; 0 on the client. */
    int lastPeerStream() {
        return 0;
    }
}
