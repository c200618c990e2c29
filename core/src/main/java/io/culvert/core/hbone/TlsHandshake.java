package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Set;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Reads who is who from the TLS session: ALPN must be h2, the peer must have proved one of the expected identities (any
 * for a server: policy decides there), and the tunnel lasts as long as both leaf certificates. Immutable.
 */
final class TlsHandshake implements Handshake {
    private final TunnelTls tls;
    private final SpiffeId local;
    private final @Nullable Set<SpiffeId> expected;

    TlsHandshake(TunnelTls tls, SpiffeId local, @Nullable Set<SpiffeId> expected) {
        this.tls = tls;
        this.local = local;
        this.expected = expected;
    }

    @Override
    public Outcome judge(ChannelHandlerContext ctx) {
        SslHandler handler = ctx.pipeline().get(SslHandler.class);
        if (!"h2".equals(handler.applicationProtocol())) {
            return new Refused(
                    HboneFailure.H2_HANDSHAKE,
                    "the peer did not agree on HTTP/2 by ALPN, but on " + handler.applicationProtocol());
        }
        SSLSession session = handler.engine().getSession();
        SpiffeId peer = tls.peerId(session);
        if (peer == null) {
            return new Refused(HboneFailure.TLS, "the peer's certificate has no SPIFFE ID");
        }
        if (expected != null && !expected.contains(peer)) {
            return new Refused(
                    HboneFailure.WRONG_PEER,
                    "expected " + (expected.size() == 1 ? expected.iterator().next() : "one of " + expected)
                            + " but the peer proved to be " + peer
                            + " (was the pod's address taken over by another workload?)");
        }
        try {
            Instant mine = notAfter(session.getLocalCertificates());
            Instant theirs = notAfter(session.getPeerCertificates());
            return new Secured(local, peer, mine.isBefore(theirs) ? mine : theirs);
        } catch (SSLPeerUnverifiedException e) {
            return new Refused(HboneFailure.TLS, "the peer showed no certificate");
        }
    }

    private static Instant notAfter(Certificate @Nullable [] chain) {
        if (chain == null || chain.length == 0 || !(chain[0] instanceof X509Certificate leaf)) {
            throw new IllegalStateException("a mutual TLS session without an X.509 leaf certificate");
        }
        return leaf.getNotAfter().toInstant();
    }
}
