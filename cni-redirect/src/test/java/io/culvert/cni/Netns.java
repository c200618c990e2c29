package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A pod's namespace with a router beside it, made and removed by a test: the router is the node (10.77.0.1, fd77::1)
 * and also carries the addresses of others (10.77.0.4, 203.0.113.9 and fd77::4, 2001:db8::9); the pod is 10.77.0.2 and
 * fd77::2. Needs root.
 */
final class Netns implements AutoCloseable {
    static final ToolRunner TOOLS = new ToolRunner(4, Duration.ofSeconds(10));

    private static final AtomicInteger NEXT = new AtomicInteger();

    final String podName = "cv" + ProcessHandle.current().pid() + "-p" + NEXT.incrementAndGet();
    final String nodeName = podName.replace("-p", "-n");
    final NetworkNamespace pod;
    final NetworkNamespace node;

    Netns() throws IOException {
        try {
            run("ip", "netns", "add", podName);
            run("ip", "netns", "add", nodeName);
            run("ip", "-n", nodeName, "link", "add", "pod", "type", "veth", "peer", "name", "eth0", "netns", podName);
            batch(nodeName, """
                    link set lo up
                    addr add 10.77.0.1/24 dev pod
                    addr add 10.77.0.4/24 dev pod
                    addr add 203.0.113.9/32 dev lo
                    link set pod up
                    """);
            batch(podName, """
                    link set lo up
                    addr add 10.77.0.2/24 dev eth0
                    link set eth0 up
                    route add default via 10.77.0.1
                    """);
            batch6(nodeName, """
                    addr add fd77::1/64 dev pod nodad
                    addr add fd77::4/64 dev pod nodad
                    addr add 2001:db8::9/128 dev lo nodad
                    """);
            batch6(podName, """
                    addr add fd77::2/64 dev eth0 nodad
                    route add default via fd77::1
                    """);
            pod = NetworkNamespace.open(Path.of("/run/netns", podName));
            node = NetworkNamespace.open(Path.of("/run/netns", nodeName));
        } catch (IOException | RuntimeException | Error e) {
            removeNames();
            throw e;
        }
    }

    static InetAddress ip(String text) {
        return InetAddress.ofLiteral(text);
    }

    /** Runs a tool inside the pod; fails the test when it fails. */
    String inPod(String... command) {
        return inPodWith("", command);
    }

    String inPodWith(String input, String... command) {
        return checked(
                List.of(command), () -> TOOLS.inNamespace(pod.stablePath().toString(), List.of(command), input));
    }

    private static void batch(String name, String lines) {
        checked(List.of(lines), () -> TOOLS.run(List.of("ip", "-n", name, "-batch", "-"), lines));
    }

    private static void batch6(String name, String lines) {
        checked(List.of(lines), () -> TOOLS.run(List.of("ip", "-6", "-n", name, "-batch", "-"), lines));
    }

    private static void run(String... command) {
        checked(List.of(command), () -> TOOLS.run(List.of(command), ""));
    }

    private interface Call {
        ToolRunner.Result run() throws CaptureException;
    }

    private static String checked(List<String> what, Call call) {
        try {
            ToolRunner.Result result = call.run();
            if (!result.ok()) {
                throw new AssertionError(
                        "these tests need root and iproute2, nftables, iptables; " + what + ": " + result.err());
            }
            return result.out();
        } catch (CaptureException e) {
            throw new AssertionError(e);
        }
    }

    private void removeNames() {
        for (String name : List.of(podName, nodeName)) {
            try {
                var _ = TOOLS.run(List.of("ip", "netns", "del", name), "");
            } catch (CaptureException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public void close() {
        pod.close();
        node.close();
        removeNames();
    }
}
