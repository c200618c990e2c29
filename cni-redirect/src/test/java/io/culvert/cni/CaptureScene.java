package io.culvert.cni;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A controller with everything around it played and time moved by hand. */
abstract class CaptureScene {
    static final Path OWN = Path.of("/proc/self/ns/net");
    static final Duration TICK = Duration.ofSeconds(2);
    static final Duration FULL_CHECK = Duration.ofSeconds(30);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    final Fakes fakes = new Fakes();

    @SuppressWarnings("NullAway.Init")
    CaptureController controller;

    @BeforeEach
    void startController() throws IOException {
        controller = controller(fakes, fakes.backend);
    }

    final CaptureController controller(Fakes with, RuleBackend backend) throws IOException {
        CaptureController made = unstarted(with, backend);
        made.start();
        with.time.run();
        return made;
    }

    final CaptureController unstarted(Fakes with, RuleBackend backend) {
        CaptureSettings settings = new CaptureSettings(
                directory,
                Duration.ofSeconds(3),
                TICK,
                FULL_CHECK,
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                Set.of("kube-system"));
        return new CaptureController(
                settings,
                with.time,
                backend,
                with.proxy,
                with.directory,
                with.reporter,
                with.namespaces,
                new PodCgroups(directory.resolve("cgroup"), directory.resolve("cgroup"), "/agent"));
    }

    /** A file that names a namespace. */
    Path netns(String name, Path target) throws IOException {
        Path link = directory.resolve(name);
        Files.deleteIfExists(link);
        return Files.createSymbolicLink(link, target);
    }

    Attachment attachment(String name, String container) throws IOException {
        Path path = netns(name, OWN);
        return new Attachment("ns", name, "", container, "eth0", path, NetworkNamespace.idOf(path), List.of());
    }

    CompletableFuture<Void> add(String name) throws IOException {
        CompletableFuture<Void> added = controller.add(attachment(name, "c-" + name));
        fakes.time.run();
        return added;
    }

    void captured(String name) throws IOException {
        assertThat(add(name)).isCompleted();
    }

    static TcpSockets.Connection connection(String local, int localPort, String peer, int peerPort, int mark) {
        return new TcpSockets.Connection(socket(local, localPort), socket(peer, peerPort), mark);
    }

    static InetSocketAddress socket(String host, int port) {
        return new InetSocketAddress(Netns.ip(host), port);
    }
}
