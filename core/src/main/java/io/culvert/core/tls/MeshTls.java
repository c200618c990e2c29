package io.culvert.core.tls;

import io.culvert.identity.CredentialSource;
import io.culvert.identity.Credentials;
import io.culvert.identity.PeerVerifier;
import io.culvert.identity.SpiffeId;
import io.culvert.identity.SpiffeIdException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * TLS between mesh peers: TLS 1.3 only, both sides prove a SPIFFE ID, ALPN {@code h2} only, key exchange as
 * {@link KeyAgreement} says, no SNI, and no session tickets, resumption or early data, since resumption skips verification.
 *
 * <p>Native contexts are kept for the newest credentials of each identity and freed when newer ones come or the
 * identity is forgotten; connections made with them live on. Register it as a listener of the
 * {@link CredentialSource}: contexts are then built before the credentials become current, and not on an event loop. Any thread.
 *
 * <p>A client context fits every peer: it proves that the peer is <em>someone</em> of an accepted trust domain. Whether
 * that is one of those expected is the caller's question to {@link #peerId}, before it sends a byte.
 */
public final class MeshTls implements CredentialSource.Listener, AutoCloseable {
    /** How long a peer may take for its handshake. */
    public static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

    private final InstantSource clock;
    private final Duration handshakeTimeout;
    private final KeyAgreement keyAgreement;
    private final ConcurrentMap<SpiffeId, ContextPair> contexts = new ConcurrentHashMap<>();

    /** With the usual handshake timeout and the hybrid key agreement. */
    public MeshTls(InstantSource clock) {
        this(clock, HANDSHAKE_TIMEOUT, KeyAgreement.HYBRID);
    }

    /**
     * All settings.
     *
     * @param clock what certificates are compared with
     */
    public MeshTls(InstantSource clock, Duration handshakeTimeout, KeyAgreement keyAgreement) {
        this.clock = clock;
        this.keyAgreement = keyAgreement;
        this.handshakeTimeout = handshakeTimeout;
    }

    /** For connections that this identity opens. The same context for the same credentials; never to be released. */
    public SslContext client(Credentials credentials) {
        return pair(credentials).client();
    }

    /** For connections that this identity accepts. The same context for the same credentials; never to be released. */
    public SslContext server(Credentials credentials) {
        return pair(credentials).server();
    }

    /**
     * A handler for one connection, with the handshake timeout set; the context says which side. Each buffer that is
     * written becomes TLS records of its own, in one buffer: nothing is gathered, and nothing copied.
     */
    public SslHandler newHandler(SslContext context, ByteBufAllocator allocator) {
        SslHandler handler = context.newHandler(allocator);
        handler.setWrapDataSize(0);
        handler.setHandshakeTimeout(handshakeTimeout.toMillis(), TimeUnit.MILLISECONDS);
        return handler;
    }

    /**
     * Who the peer proved to be.
     *
     * @throws IllegalStateException if the handshake has not succeeded
     */
    public static SpiffeId peerId(SSLSession session) {
        try {
            return PeerVerifier.statedId(peerLeaf(session));
        } catch (SpiffeIdException e) {
            throw new IllegalStateException("a session of another trust manager: " + e.getMessage(), e);
        }
    }

    /**
     * Until when the peer's leaf holds; what was proved by it should not outlive this by much.
     *
     * @throws IllegalStateException if the handshake has not succeeded
     */
    public static Instant peerNotAfter(SSLSession session) {
        return peerLeaf(session).getNotAfter().toInstant();
    }

    @Override
    public void onPrepare(SpiffeId id, Credentials next) {
        pair(next).build();
    }

    @Override
    public void onRotated(SpiffeId id, Credentials current) {
        // What is older was retired when the first context of these credentials was asked for.
        pair(current).build();
    }

    @Override
    public void onForgotten(SpiffeId id) {
        ContextPair gone = contexts.remove(id);
        if (gone != null) {
            gone.retire();
        }
    }

    /** Frees all contexts; connections live on. */
    @Override
    public void close() {
        for (SpiffeId id : contexts.keySet()) {
            onForgotten(id);
        }
    }

    /** How many identities have contexts. */
    int size() {
        return contexts.size();
    }

    private ContextPair pair(Credentials credentials) {
        ContextPair known = contexts.get(credentials.id());
        if (known != null && known.credentials() == credentials) {
            return known;
        }
        AtomicReference<@Nullable ContextPair> superseded = new AtomicReference<>();
        ContextPair kept = contexts.compute(credentials.id(), (id, before) -> {
            if (before != null && !before.credentials().olderThan(credentials)) {
                return before;
            }
            superseded.set(before);
            return new ContextPair(credentials, clock, keyAgreement);
        });
        ContextPair old = superseded.get();
        if (old != null) {
            old.retire();
        }
        // Someone still holds credentials that were superseded: they work, without a place in the cache.
        return kept.credentials() == credentials ? kept : ContextPair.retired(credentials, clock, keyAgreement);
    }

    private static X509Certificate peerLeaf(SSLSession session) {
        try {
            return (X509Certificate) session.getPeerCertificates()[0];
        } catch (SSLPeerUnverifiedException e) {
            throw new IllegalStateException("the peer is not verified: ask after the handshake", e);
        }
    }
}
