package io.culvert.agent;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Socket addresses as people write them. */
final class Addresses {
    private Addresses() {}

    /** {@code 10.0.0.1:80} or {@code [fd00::1]:80}; {@code -} for none. */
    static String text(@Nullable InetSocketAddress address) {
        if (address == null) {
            return "-";
        }
        String host = address.isUnresolved()
                ? address.getHostString()
                : address.getAddress().getHostAddress();
        return host.indexOf(':') < 0 ? host + ":" + address.getPort() : "[" + host + "]:" + address.getPort();
    }
}
