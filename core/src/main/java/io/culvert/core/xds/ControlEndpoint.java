package io.culvert.core.xds;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a control plane listens. Immutable. */
public sealed interface ControlEndpoint {
    /** A Unix socket; whoever may open it is on the same machine. */
    record Unix(Path path) implements ControlEndpoint {
        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /**
     * TCP with TLS.
     *
     * @param rootCertificates PEM file, read again at each handshake; null for the JDK's own roots
     */
    record Tls(String host, int port, @Nullable Path rootCertificates) implements ControlEndpoint {
        @Override
        public String toString() {
            return "https://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /**
     * Reads {@code unix:/path} or {@code https://host:port}.
     *
     * @throws IllegalArgumentException saying what is expected
     */
    static ControlEndpoint parse(String text, @Nullable Path rootCertificates) {
        try {
            if (text.startsWith("unix:")) {
                String path = text.substring("unix:".length());
                path = path.startsWith("//") ? path.substring(2) : path;
                if (path.startsWith("/")) {
                    return new Unix(Path.of(path));
                }
            } else {
                URI uri = new URI(text);
                String host = uri.getHost();
                if ("https".equals(uri.getScheme())
                        && host != null
                        && uri.getPath().replace("/", "").isEmpty()) {
                    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
                    return new Tls(bare, uri.getPort() < 0 ? 443 : uri.getPort(), rootCertificates);
                }
            }
        } catch (URISyntaxException | InvalidPathException e) {
            throw new IllegalArgumentException(expected(text) + ": " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(expected(text));
    }

    private static String expected(String text) {
        return "\"" + text + "\" is no control-plane address: expected unix:/PATH or https://HOST:PORT";
    }
}
