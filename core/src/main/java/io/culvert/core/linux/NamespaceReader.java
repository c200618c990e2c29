package io.culvert.core.linux;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads addresses, routing rules and routes of a network namespace (rtnetlink(7)), some 20 microseconds each where ip(8)
 * takes milliseconds. Owned by one thread at a time.
 */
public final class NamespaceReader implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;

    private static final int RTM_GETADDR = 22;
    private static final int IFADDRMSG = 8;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    private static final int RTM_GETROUTE = 26;
    private static final int RTMSG = 12;
    private static final int RTN_LOCAL = 2;
    private static final int RTA_OIF = 4;
    private static final int RTA_TABLE = 15;

    private static final int RTM_GETRULE = 34;
    private static final int FIB_RULE_HDR = 12;
    private static final int FR_ACT_TO_TBL = 1;
    private static final int FIB_RULE_INVERT = 2;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_TABLE = 15;
    private static final int FRA_FWMASK = 16;
    /** What would narrow a rule: FRA_IIFNAME, FRA_OIFNAME, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE. */
    private static final int[] NARROWING = {3, 17, 22, 23, 24};

    /** The loopback interface is the first of every namespace. */
    private static final int LOOPBACK_INDEX = 1;

    private final NetlinkSocket socket;

    private NamespaceReader(NetlinkSocket socket) {
        this.socket = socket;
    }

    /** For the namespace that {@code namespace} holds open; on a platform thread. */
    public static NamespaceReader open(NetworkNamespace namespace) throws IOException {
        return new NamespaceReader(NetlinkSocket.open(namespace, NetlinkSocket.ROUTE, "rtnetlink"));
    }

    /** The addresses of all interfaces, of both families. */
    public Set<InetAddress> addresses() throws IOException {
        Set<InetAddress> addresses = new HashSet<>();
        for (ByteBuffer message : NetlinkDump.read(socket, RTM_GETADDR, 0, IFADDRMSG)) {
            // IFA_ADDRESS is the other end's where a link has two, and all there is of most IPv6 addresses.
            ByteBuffer value = NetlinkDump.attribute(message, IFADDRMSG, IFA_LOCAL);
            value = value != null ? value : NetlinkDump.attribute(message, IFADDRMSG, IFA_ADDRESS);
            int family = message.get(0);
            if (value != null && (family == AF_INET || family == AF_INET6)) {
                if (value.remaining() != (family == AF_INET ? 4 : 16)) {
                    throw new IOException("netlink address of " + value.remaining() + " bytes");
                }
                byte[] bytes = new byte[value.remaining()];
                value.get(bytes);
                addresses.add(InetAddress.getByAddress(bytes));
            }
        }
        return addresses;
    }

    /** Whether all packets with {@code mark} under {@code mask} are looked up in {@code table}, at {@code preference}. */
    public boolean hasMarkRule(boolean ipv6, int preference, int mark, int mask, int table) throws IOException {
        for (ByteBuffer rule : NetlinkDump.read(socket, RTM_GETRULE, family(ipv6), FIB_RULE_HDR)) {
            // struct fib_rule_hdr: family, dst_len, src_len, tos, table, 2 reserved, action, flags
            if (is(rule, FIB_RULE_HDR, FRA_PRIORITY, preference)
                    && is(rule, FIB_RULE_HDR, FRA_FWMARK, mark)
                    && is(rule, FIB_RULE_HDR, FRA_FWMASK, mask)
                    && is(rule, FIB_RULE_HDR, FRA_TABLE, table)
                    && rule.get(7) == FR_ACT_TO_TBL
                    && rule.get(1) == 0
                    && rule.get(2) == 0
                    && rule.get(3) == 0
                    && (rule.getInt(8) & FIB_RULE_INVERT) == 0
                    && !narrowed(rule)) {
                return true;
            }
        }
        return false;
    }

    /** Whether {@code table} delivers every destination locally, by the loopback interface. */
    public boolean hasLocalDefault(boolean ipv6, int table) throws IOException {
        for (ByteBuffer route : NetlinkDump.read(socket, RTM_GETROUTE, family(ipv6), RTMSG)) {
            // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
            if (is(route, RTMSG, RTA_TABLE, table)
                    && is(route, RTMSG, RTA_OIF, LOOPBACK_INDEX)
                    && route.get(1) == 0
                    && route.get(2) == 0
                    && route.get(7) == RTN_LOCAL) {
                return true;
            }
        }
        return false;
    }

    private static boolean narrowed(ByteBuffer rule) throws IOException {
        for (int attribute : NARROWING) {
            if (NetlinkDump.attribute(rule, FIB_RULE_HDR, attribute) != null) {
                return true;
            }
        }
        return false;
    }

    private static boolean is(ByteBuffer message, int fixed, int attribute, int wanted) throws IOException {
        @Nullable ByteBuffer value = NetlinkDump.attribute(message, fixed, attribute);
        return value != null && value.remaining() == 4 && value.getInt(0) == wanted;
    }

    private static int family(boolean ipv6) {
        return ipv6 ? AF_INET6 : AF_INET;
    }

    @Override
    public void close() {
        socket.close();
    }
}
