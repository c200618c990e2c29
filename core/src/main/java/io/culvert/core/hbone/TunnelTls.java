package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** Where tunnels get TLS from. Any thread, never blocks. */
public interface TunnelTls {
    /** One generation of an identity's certificate; a rotation makes a new one. */
    interface Credential {
        /** Equal as long as the certificate is the same. */
        Object generation();

        SslHandler clientHandler(ByteBufAllocator allocator);

        SslHandler serverHandler(ByteBufAllocator allocator);
    }

    /** The credential to use now, or null when there is none (yet). */
    @Nullable
    Credential current(SpiffeId local);

    /** Completes with the credential once there is one, or exceptionally after the source's own timeout. */
    CompletableFuture<Credential> require(SpiffeId local);

    /** The identity that the peer's leaf certificate proved, or null when it proved none. */
    @Nullable
    SpiffeId peerId(SSLSession session);
}
