package io.culvert.core.hbone;

import io.netty.channel.Channel;

/** Makes the socket of a tunnel: in the source pod's network namespace and with the proxy's mark. */
@FunctionalInterface
public interface TunnelSockets {
    /**
     * A new, unregistered, unconnected TCP channel of the transport that the pool's loops run. Called on a loop, so it
     * must not block for longer than the construction of a socket; the pool registers, connects and closes it.
     *
     * @throws RuntimeException when no socket can be made (no descriptors, the pod is gone); the message is reported
     */
    Channel newChannel(PoolKey key);
}
