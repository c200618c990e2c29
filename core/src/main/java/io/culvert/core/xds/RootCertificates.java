package io.culvert.core.xds;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a control plane by roots from a file that is looked at again at each handshake, so that replacing it (also by
 * the symlink swap of a mounted Kubernetes volume) takes effect without a restart. A file that became unreadable leaves
 * the last good roots. Any thread.
 */
final class RootCertificates extends X509ExtendedTrustManager {
    private final Path file;
    private byte @Nullable [] loaded;
    private @Nullable X509ExtendedTrustManager delegate;

    RootCertificates(Path file) {
        this.file = file;
    }

    private synchronized X509ExtendedTrustManager current() throws CertificateException {
        try {
            byte[] content = Files.readAllBytes(file);
            if (delegate == null || !Arrays.equals(content, loaded)) {
                delegate = build(file);
                loaded = content;
            }
        } catch (IOException | GeneralSecurityException e) {
            if (delegate == null) {
                throw new CertificateException(
                        "root certificates of the control plane cannot be read from " + file + ": " + e.getMessage(),
                        e);
            }
        }
        return delegate;
    }

    private static X509ExtendedTrustManager build(Path file) throws IOException, GeneralSecurityException {
        Collection<? extends Certificate> roots;
        try (InputStream in = Files.newInputStream(file)) {
            roots = CertificateFactory.getInstance("X.509").generateCertificates(in);
        }
        if (roots.isEmpty()) {
            throw new CertificateException("there is no certificate in it");
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int n = 0;
        for (Certificate root : roots) {
            store.setCertificateEntry("root-" + n++, root);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager extended) {
                return extended;
            }
        }
        throw new CertificateException("the JDK has no PKIX trust manager");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        current().checkServerTrusted(chain, type, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        current().checkServerTrusted(chain, type, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        // Without the engine the host name could not be checked.
        throw new CertificateException("a control plane is verified with its host name only");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("this verifies servers only");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("this verifies servers only");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("this verifies servers only");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
