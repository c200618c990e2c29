package io.culvert.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkNamespaceTest {
    @Test
    void knowsItsOwnNamespaceAndConstructsInIt() throws Exception {
        try (NetworkNamespace own = NetworkNamespace.open(Path.of("/proc/self/ns/net"))) {
            assertThat(own.id()).isEqualTo(NetworkNamespace.idOf(Path.of("/proc/self/ns/net")));
            assertThat(NetworkNamespace.idOf(own.stablePath())).isEqualTo(own.id());
            assertThat(own.construct(() -> "made")).isEqualTo("made");
        }
    }

    @Test
    void refusesWhatIsNoNamespaceAndNamesIt(@TempDir Path dir) throws Exception {
        Path file = Files.createFile(dir.resolve("plain"));
        assertThatThrownBy(() -> NetworkNamespace.open(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("is not a network namespace");
        assertThatThrownBy(() -> NetworkNamespace.open(dir.resolve("gone")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("No such file");
    }

    @Test
    void refusesVirtualThreads() throws Exception {
        try (NetworkNamespace own = NetworkNamespace.open(Path.of("/proc/self/ns/net"))) {
            AtomicReference<Throwable> seen = new AtomicReference<>();
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            own.construct(() -> "never");
                        } catch (IllegalStateException e) {
                            seen.set(e);
                        }
                    })
                    .join();
            assertThat(seen.get()).hasMessageContaining("virtual thread");
        }
    }
}
