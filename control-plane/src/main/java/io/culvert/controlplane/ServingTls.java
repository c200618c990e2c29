package io.culvert.controlplane;

import io.culvert.controlplane.ca.ServingCertificate;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.X509Certificate;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TLS of the controller's TCP port, whose certificate can be renewed while it serves. Any thread. */
final class ServingTls {
    private static final Logger LOG = LoggerFactory.getLogger(ServingTls.class);

    private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
    private final Supplier<ServingCertificate> certificates;

    /** @param certificates makes a new certificate with a new key at each call */
    ServingTls(Supplier<ServingCertificate> certificates) {
        this.certificates = certificates;
        use(certificates.get());
    }

    SslContext context() throws SSLException {
        return GrpcSslContexts.configure(SslContextBuilder.forServer(keys))
                .protocols("TLSv1.3", "TLSv1.2")
                .build();
    }

    /** New connections get a new certificate; one that cannot be made leaves the old one in use, and is logged. */
    void renew() {
        try {
            use(certificates.get());
        } catch (RuntimeException e) {
            LOG.error("cannot renew the certificate of the TLS port; the old one stays until its end", e);
        }
    }

    private void use(ServingCertificate certificate) {
        keys.updateIdentityCredentials(certificate.chain().toArray(X509Certificate[]::new), certificate.key());
    }
}
