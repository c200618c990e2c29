package io.culvert.core.relay;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Says whether a connection of that client to that app exists, proxied or not. Any thread; must not block. */
@FunctionalInterface
public interface FlowProbe {
    boolean inUse(InetAddress client, int port, InetSocketAddress app);
}
