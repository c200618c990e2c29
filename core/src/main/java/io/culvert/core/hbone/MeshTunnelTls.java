package io.culvert.core.hbone;

import io.culvert.core.tls.MeshTls;
import io.culvert.identity.CredentialSource;
import io.culvert.identity.Credentials;
import io.culvert.identity.SpiffeId;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The mesh's TLS with the certificates of this node's identities. Any thread. Tell the pools of rotations by
 * {@link HbonePool#onRotated} from a listener of the same source.
 */
public final class MeshTunnelTls implements TunnelTls {
    private final MeshTls tls;
    private final CredentialSource source;

    /** Neither is closed by this. */
    public MeshTunnelTls(MeshTls tls, CredentialSource source) {
        this.tls = tls;
        this.source = source;
    }

    @Override
    public @Nullable Credential current(SpiffeId local) {
        Credentials credentials = source.current(local);
        return credentials == null ? null : new MeshCredential(tls, credentials);
    }

    @Override
    public CompletableFuture<Credential> require(SpiffeId local) {
        return source.require(local).thenApply(credentials -> new MeshCredential(tls, credentials));
    }

    @Override
    public @Nullable SpiffeId peerId(SSLSession session) {
        return MeshTls.peerId(session);
    }

    private record MeshCredential(MeshTls tls, Credentials credentials) implements Credential {
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
