package io.culvert.core.tls;

import io.culvert.identity.Credentials;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;
import org.jspecify.annotations.Nullable;

/**
 * One side's context of one set of credentials: holds the native context while the credentials are the newest, and still
 * works afterwards, so that whoever has it never meets freed memory. An engine keeps the native context that it was made
 * from alive until it is closed. Any thread.
 */
final class MeshSslContext extends SslContext {
    static final List<String> CIPHERS = List.of("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256");

    /** More than any chain that {@link io.culvert.identity.PeerVerifier} would read. */
    private static final int MAX_CERTIFICATE_BYTES = 32 * 1024;

    private static final ApplicationProtocolConfig HTTP2_ONLY = new ApplicationProtocolConfig(
            Protocol.ALPN,
            SelectorFailureBehavior.NO_ADVERTISE,
            SelectedListenerFailureBehavior.ACCEPT,
            ApplicationProtocolNames.HTTP_2);

    private final Credentials credentials;
    private final boolean client;
    private final InstantSource clock;
    private final KeyAgreement keyAgreement;

    /** Not {@code synchronized}: building takes milliseconds and may happen on a virtual thread. */
    private final ReentrantLock lock = new ReentrantLock();

    private @Nullable ReferenceCountedOpenSslContext current;
    private boolean retired;

    MeshSslContext(Credentials credentials, boolean client, InstantSource clock, KeyAgreement keyAgreement) {
        this.credentials = credentials;
        this.client = client;
        this.clock = clock;
        this.keyAgreement = keyAgreement;
    }

    /** Makes the native context, if there is to be one, so that the first connection finds it. */
    void build() {
        acquire().release();
    }

    /** Gives up the native context; connections made from it live on. Idempotent. */
    void retire() {
        lock.lock();
        try {
            retired = true;
            if (current != null) {
                current.release();
                current = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether native memory is held. */
    boolean isBuilt() {
        lock.lock();
        try {
            return current != null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isClient() {
        return client;
    }

    @Override
    public List<String> cipherSuites() {
        return CIPHERS;
    }

    @Override
    @SuppressWarnings("deprecation") // the abstract method's own type
    public io.netty.handler.ssl.ApplicationProtocolNegotiator applicationProtocolNegotiator() {
        return with(SslContext::applicationProtocolNegotiator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
        return with(context -> withoutTickets(context.newEngine(allocator)));
    }

    /** Host and port are left out: peers are known by their IDs, and there is no SNI. */
    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
        return newEngine(allocator);
    }

    /** Sessions are not kept, so there is nothing to see in it. */
    @Override
    public SSLSessionContext sessionContext() {
        return with(SslContext::sessionContext);
    }

    @Override
    protected SslHandler newHandler(ByteBufAllocator allocator, boolean startTls) {
        return with(context -> {
            SslHandler handler = context.newHandler(allocator);
            withoutTickets(handler.engine());
            return handler;
        });
    }

    private <T> T with(Function<ReferenceCountedOpenSslContext, T> use) {
        ReferenceCountedOpenSslContext context = acquire();
        try {
            return use.apply(context);
        } finally {
            context.release();
        }
    }

    /** A context that the caller releases: the one kept, or when this is retired one for this use alone. */
    private ReferenceCountedOpenSslContext acquire() {
        lock.lock();
        try {
            if (current != null) {
                current.retain();
                return current;
            }
            ReferenceCountedOpenSslContext made = make();
            if (!retired) {
                made.retain();
                current = made;
            }
            return made;
        } finally {
            lock.unlock();
        }
    }

    private ReferenceCountedOpenSslContext make() {
        KeyManagerFactory key = MeshKeyManager.factory(credentials.svid());
        SslContextBuilder builder = client
                ? SslContextBuilder.forClient().keyManager(key).endpointIdentificationAlgorithm(null)
                : SslContextBuilder.forServer(key).clientAuth(ClientAuth.REQUIRE);
        try {
            SslContext made = builder.sslProvider(SslProvider.OPENSSL_REFCNT)
                    .protocols("TLSv1.3")
                    .ciphers(CIPHERS)
                    .applicationProtocolConfig(HTTP2_ONLY)
                    .trustManager(new MeshTrustManager(credentials.peers(), clock))
                    .option(OpenSslContextOption.GROUPS, keyAgreement.groups())
                    .option(OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, MAX_CERTIFICATE_BYTES)
                    .build();
            ReferenceCountedOpenSslContext context = (ReferenceCountedOpenSslContext) made;
            context.sessionContext().setSessionCacheEnabled(false);
            return context;
        } catch (SSLException e) {
            throw new IllegalStateException(
                    "no TLS context for " + credentials.id() + ": " + e.getMessage()
                            + "; check that netty-tcnative's native library loads",
                    e);
        }
    }

    /**
     * A resumed session skips verification, so no side keeps one, and the server gives out no tickets: Netty's default for
     * TLS 1.3 is to give them out, and it settles that for each engine when it makes it.
     */
    private static SSLEngine withoutTickets(SSLEngine engine) {
        SSL.setOptions(((ReferenceCountedOpenSslEngine) engine).sslPointer(), SSL.SSL_OP_NO_TICKET);
        return engine;
    }
}
