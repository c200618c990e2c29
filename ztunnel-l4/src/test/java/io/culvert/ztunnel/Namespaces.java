package io.culvert.ztunnel;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A bridge in a namespace of its own and hosts on it, all named after this process, so that nothing of the machine's
 * network is touched and leftovers can be told. Host n has 10.77.0.n and fd77::n.
 */
@SuppressWarnings("try") // close() waits for ip(8)
final class Namespaces implements AutoCloseable {
    private static final String RULES = """
            table inet culvert-test {
              chain mangle-pre { type filter hook prerouting priority mangle; policy accept;
                meta mark & 0xfff == 0x539 ct mark set ct mark & 0xfffff000 | 0x111
              }
              chain mangle-out { type route hook output priority mangle; policy accept;
                ct mark & 0xfff == 0x111 meta mark set ct mark
              }
              chain nat-pre { type nat hook prerouting priority dstnat; policy accept;
                fib daddr type local ip daddr != 127.0.0.1 tcp flags & (fin|syn|rst|ack) == syn tcp dport != 15008 meta mark & 0xfff != 0x539 redirect to :15006
                fib daddr type local ip6 daddr != ::1 tcp flags & (fin|syn|rst|ack) == syn tcp dport != 15008 meta mark & 0xfff != 0x539 redirect to :15006
              }
              chain nat-out { type nat hook output priority -100; policy accept;
                meta l4proto tcp meta mark & 0xfff == 0x111 accept
                oifname "lo" ip daddr != 127.0.0.1 accept
                oifname "lo" ip6 daddr != ::1 accept
                ip daddr != 127.0.0.1 tcp flags & (fin|syn|rst|ack) == syn meta mark & 0xfff != 0x539 redirect to :15001
                ip6 daddr != ::1 tcp flags & (fin|syn|rst|ack) == syn meta mark & 0xfff != 0x539 redirect to :15001
              }
            }
            """;

    private final String prefix = "cv" + ProcessHandle.current().pid() + "-";
    private final List<String> names = new ArrayList<>();
    private final Map<String, NetworkNamespace> open = new HashMap<>();

    Namespaces(String... hosts) throws Exception {
        try {
            add("sw");
            run("ip", "-n", name("sw"), "link", "add", "br0", "type", "bridge");
            run("ip", "-n", name("sw"), "link", "set", "br0", "up");
            int n = 1;
            for (String host : hosts) {
                addHost(host, n++);
            }
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private void addHost(String host, int n) throws Exception {
        add(host);
        run(
                "ip",
                "-n",
                name("sw"),
                "link",
                "add",
                "p" + n,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                name(host));
        run("ip", "-n", name("sw"), "link", "set", "p" + n, "master", "br0", "up");
        run("ip", "-n", name(host), "link", "set", "lo", "up");
        run("ip", "-n", name(host), "addr", "add", "10.77.0." + n + "/24", "dev", "eth0");
        run("ip", "-n", name(host), "addr", "add", "fd77::" + n + "/64", "dev", "eth0", "nodad");
        run("ip", "-n", name(host), "link", "set", "eth0", "up");
        run("ip", "-n", name(host), "route", "add", "default", "dev", "eth0");
    }

    private void add(String host) throws Exception {
        run("ip", "netns", "add", name(host));
        names.add(name(host));
        open.put(host, NetworkNamespace.open(Path.of("/run/netns", name(host))));
    }

    String name(String host) {
        return prefix + host;
    }

    NetworkNamespace get(String host) {
        NetworkNamespace namespace = open.get(host);
        if (namespace == null) {
            throw new IllegalArgumentException(host);
        }
        return namespace;
    }

    /** The redirect of a captured pod. */
    void capture(String host) throws Exception {
        exec(RULES, "nsenter", "--net=/run/netns/" + name(host), "nft", "-f", "-");
        for (String family : List.of("-4", "-6")) {
            String all = family.equals("-4") ? "0.0.0.0/0" : "::/0";
            run(
                    "ip",
                    "-n",
                    name(host),
                    family,
                    "rule",
                    "add",
                    "fwmark",
                    "0x111/0xfff",
                    "pref",
                    "32764",
                    "lookup",
                    "100");
            run("ip", "-n", name(host), family, "route", "add", "local", all, "dev", "lo", "table", "100");
        }
    }

    /** A client's connection in a host's namespace. */
    SocketChannel connect(String host, String address, int port) throws IOException {
        return connect(host, 0, address, port);
    }

    /** As above from a port of its own choice. */
    SocketChannel connect(String host, int from, String address, int port) throws IOException {
        SocketChannel channel = socket(host);
        if (from != 0) {
            channel.setOption(java.net.StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(new InetSocketAddress("0.0.0.0", from));
        }
        channel.socket().connect(new InetSocketAddress(InetAddress.ofLiteral(address), port), 5_000);
        channel.socket().setSoTimeout(5_000);
        return channel;
    }

    /** An unconnected socket in a host's namespace. */
    SocketChannel socket(String host) {
        return get(host).construct(() -> {
            try {
                return SocketChannel.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** A server in a host's namespace, on both families. */
    ServerSocketChannel listen(String host, int port) throws IOException {
        ServerSocketChannel channel = get(host).construct(() -> {
            try {
                return ServerSocketChannel.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        channel.bind(new InetSocketAddress(port), 1024);
        return channel;
    }

    @CanIgnoreReturnValue
    static String run(String... command) throws Exception {
        return exec("", command);
    }

    @CanIgnoreReturnValue
    private static String exec(String input, String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": " + said);
        }
        return said;
    }

    @Override
    public void close() throws Exception {
        open.values().forEach(NetworkNamespace::close);
        for (String name : names) {
            run("ip", "netns", "delete", name);
        }
        names.clear();
    }
}
