package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Instant;

/** One TLS connection between two workloads, with the identities that its handshake proved. Any thread may read it. */
public interface Tunnel {
    /** Who the other side proved to be. */
    SpiffeId peer();

    /** Who this side proved to be. */
    SpiffeId local();

    /** The other end of the TCP connection: for an accepted tunnel, the client pod's real address. */
    InetSocketAddress remoteAddress();

    /** This end of the TCP connection: for an accepted tunnel, the pod's own address and 15008. */
    InetSocketAddress localAddress();

    /** When the first of the two leaf certificates expires; the tunnel drains then. */
    Instant expiresAt();

    EventLoop eventLoop();
}
