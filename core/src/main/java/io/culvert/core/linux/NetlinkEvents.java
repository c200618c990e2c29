package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Tells whether anything about nftables, routing rules, routes or interfaces of a network namespace has changed; what
 * it was is for the caller to look at. Rules that iptables-legacy loads raise no events. Owned by one thread at a time.
 *
 * <p>The kernel tells of a change before the system call that made it returns. So what is listed after {@link #drain}
 * includes all that drain took account of, and what changes later is told by the next drain.
 */
public final class NetlinkEvents implements AutoCloseable {
    /** As small as the kernel has it: an overflow is told, and means no more than one event would. */
    private static final int BUFFER = 2048;
    /** More than the buffer holds; a namespace that changes all the time keeps nobody here. */
    private static final int READS = 64;

    private static final int NFNLGRP_NFTABLES = group(7);
    // RTNLGRP_IPV4_ROUTE, IPV4_RULE, IPV6_ROUTE, IPV6_RULE (linux/rtnetlink.h). With RTNLGRP_LINK and IPV4_IFADDR: IPv4
    // routes that go with their interface's last address or with the interface are not told of themselves.
    private static final int ROUTING = group(7) | group(8) | group(11) | group(19) | group(1) | group(5);

    private final NetlinkSocket rules;
    private final NetlinkSocket routes;
    // Nobody reads what comes: the kernel cuts it off.
    private final MemorySegment discard = Arena.ofAuto().allocate(16, 4);

    private NetlinkEvents(NetlinkSocket rules, NetlinkSocket routes) {
        this.rules = rules;
        this.routes = routes;
    }

    /**
     * Subscribes to the changes of the namespace that {@code namespace} holds open; on a platform thread. The
     * subscription keeps the namespace in being until it is closed.
     *
     * @throws IOException when the kernel has no such events, or does not give them to this process (CAP_NET_ADMIN)
     */
    public static NetlinkEvents open(NetworkNamespace namespace) throws IOException {
        NetlinkSocket rules = subscribe(namespace, NetlinkSocket.NETFILTER, NFNLGRP_NFTABLES, "nftables event");
        try {
            return new NetlinkEvents(rules, subscribe(namespace, NetlinkSocket.ROUTE, ROUTING, "routing event"));
        } catch (IOException | RuntimeException e) {
            rules.close();
            throw e;
        }
    }

    private static NetlinkSocket subscribe(NetworkNamespace namespace, int protocol, int groups, String what)
            throws IOException {
        NetlinkSocket socket = NetlinkSocket.open(namespace, protocol, what);
        int rc = socket.receiveBuffer(BUFFER);
        rc = rc < 0 ? rc : socket.bind(groups);
        if (rc < 0) {
            socket.close();
            throw new IOException("cannot subscribe to " + what + "s in " + namespace + ": " + Libc.message(-rc)
                    + " (the agent needs CAP_NET_ADMIN there)");
        }
        return socket;
    }

    /** Whether anything was told, or lost, since the last call; true also when the kernel gives no clear answer. */
    public boolean drain() {
        boolean told = drain(rules);
        return drain(routes) || told;
    }

    private boolean drain(NetlinkSocket socket) {
        for (int read = 0; read < READS; read++) {
            int got = socket.receive(discard);
            if (got == NetlinkSocket.EAGAIN) {
                return read > 0;
            }
            // ENOBUFS comes once for any number of lost events, in front of those that were kept.
            if (got < 0 && got != NetlinkSocket.ENOBUFS && got != NetlinkSocket.EINTR) {
                return true;
            }
        }
        return true;
    }

    @Override
    public void close() {
        rules.close();
        routes.close();
    }

    private static int group(int number) {
        return 1 << (number - 1);
    }
}
