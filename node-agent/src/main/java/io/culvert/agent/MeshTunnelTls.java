package io.culvert.agent;

import io.culvert.core.hbone.TunnelTls;
import io.culvert.core.tls.MeshTls;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** TLS of tunnels out of this node's credentials. Any thread, never blocks. */
final class MeshTunnelTls implements TunnelTls {
    /** How long a connection waits for the first certificate of its pod. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final CredentialSource credentials;
    private final MeshTls tls;

    MeshTunnelTls(CredentialSource credentials, MeshTls tls) {
        this.credentials = credentials;
        this.tls = tls;
    }

    @Override
    public @Nullable Credential current(SpiffeId local) {
        Credentials current = credentials.current(local);
        return current == null ? null : new MeshCredential(current);
    }

    @Override
    public CompletableFuture<Credential> require(SpiffeId local) {
        return credentials.require(local, PATIENCE).thenApply(MeshCredential::new);
    }

    @Override
    public @Nullable SpiffeId peerId(SSLSession session) {
        try {
            return MeshTls.peerId(session);
        } catch (IllegalStateException e) {
            return null;
        }
    }

    private final class MeshCredential implements Credential {
        private final Credentials credentials;

        MeshCredential(Credentials credentials) {
            this.credentials = credentials;
        }

        /** Credentials are compared by identity: there is one object per rotation. */
        @Override
        public Object generation() {
            return credentials;
        }

        @Override
        public SslHandler clientHandler(ByteBufAllocator allocator) {
            return tls.newHandler(tls.client(credentials), allocator);
        }

        @Override
        public SslHandler serverHandler(ByteBufAllocator allocator) {
            return tls.newHandler(tls.server(credentials), allocator);
        }
    }
}
