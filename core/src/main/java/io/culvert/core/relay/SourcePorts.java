package io.culvert.core.relay;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Source ports of connections that the proxy makes to an app in its client's name. The client does not know of them, so
 * its own connections towards the pod must never share one: conntrack and the app's socket would take the two for one
 * connection. Two measures, and both are needed:
 *
 * <ul>
 *   <li>ports come from outside Linux's default ephemeral range (32768 to 60999), so that a client does not come to pick one
 *       while it is in use here; the kernel's own choice (bind to port 0) would be from exactly that range;
 *   <li>each is checked against the connections that exist in the pod's namespace at that moment ({@link FlowProbe}): the
 *       client may have connected from a port of its choice, or its ephemeral range may be another.
 * </ul>
 *
 * <p>One object for each pod that is connected to. Any thread.
 */
public final class SourcePorts {
    /** Inclusive, in the order in which they are used. */
    private static final int[] FIRST = {61000, 10240};

    private static final int[] LAST = {65535, 32767};

    static final int RANGE = LAST[0] - FIRST[0] + 1 + LAST[1] - FIRST[1] + 1;

    /** So many ports are tried for one connection: each costs some 10 microseconds. */
    private static final int TRIES = 256;

    private final FlowProbe probe;
    private final AtomicInteger cursor;

    /**
     * Starts anywhere, so that an agent that was restarted does not meet its predecessor's connections first.
     *
     * @param start any number
     */
    public SourcePorts(FlowProbe probe, int start) {
        this.probe = probe;
        this.cursor = new AtomicInteger(start);
    }

    /** A port with which {@code client} has no connection to {@code app}, or 0 when none was found. */
    public int next(InetAddress client, InetSocketAddress app) {
        for (int i = 0; i < TRIES; i++) {
            int port = port(Math.floorMod(cursor.getAndIncrement(), RANGE));
            if (!probe.inUse(client, port, app)) {
                return port;
            }
        }
        return 0;
    }

    static int port(int index) {
        int first = LAST[0] - FIRST[0] + 1;
        return index < first ? FIRST[0] + index : FIRST[1] + index - first;
    }
}
