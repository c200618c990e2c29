package io.culvert.agent;

import io.culvert.core.telemetry.Logging;
import io.culvert.identity.TrustDomain;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Checks of single option values; each throws IllegalArgumentException with what is wrong and what to write. */
final class Checks {
    /** sun_path of sockaddr_un holds 107 bytes and a zero (unix(7)). */
    private static final int MAX_SOCKET_PATH = 107;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?");

    private Checks() {}

    static String name(String value) {
        if (!NAME.matcher(value).matches()) {
            throw new IllegalArgumentException("use letters, digits, '.', '-' and '_', at most 253 of them");
        }
        return value;
    }

    static String clusterId(String value) {
        if (value.isEmpty() || value.contains("/")) {
            throw new IllegalArgumentException("must not be empty or contain '/'");
        }
        return value;
    }

    static String trustDomain(String value) {
        return new TrustDomain(value).name();
    }

    static Path socketPath(String value) {
        if (!value.startsWith("/")) {
            throw new IllegalArgumentException("must be an absolute path");
        }
        if (value.getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH) {
            throw new IllegalArgumentException("is too long for a Unix socket, which takes " + MAX_SOCKET_PATH
                    + " bytes: use a shorter directory");
        }
        return Path.of(value);
    }

    static String controlUrl(String value) {
        if (value.startsWith("unix:/")) {
            var _ = socketPath(value.substring("unix:".length()));
            return value;
        }
        try {
            URI uri = new URI(value);
            if ("https".equals(uri.getScheme())
                    && uri.getHost() != null
                    && uri.getPort() > 0
                    && uri.getPath().isEmpty()) {
                return value;
            }
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("write it as unix:/PATH or https://HOST:PORT", e);
        }
        throw new IllegalArgumentException("write it as unix:/PATH or https://HOST:PORT");
    }

    /** A port, or -1 when it is none. */
    static int port(String value) {
        try {
            int port = Integer.parseInt(value);
            return port >= 0 && port <= 65535 ? port : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    static String logLevels(String value) {
        Logging.checkLevels(value);
        return value;
    }
}
