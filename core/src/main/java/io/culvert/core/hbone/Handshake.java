package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.ChannelHandlerContext;
import java.time.Instant;

/** Judges a finished TLS handshake, before any byte of HTTP/2 is sent. */
@FunctionalInterface
interface Handshake {
    /** What came of it. */
    sealed interface Outcome {}

    /** Both sides are who they should be. */
    record Secured(SpiffeId local, SpiffeId peer, Instant expiresAt) implements Outcome {}

    /** This connection must not be used. */
    record Refused(HboneFailure kind, String detail) implements Outcome {}

    /** Called on the loop when TLS is up on {@code ctx}'s channel. */
    Outcome judge(ChannelHandlerContext ctx);
}
