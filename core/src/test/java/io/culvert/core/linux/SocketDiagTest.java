package io.culvert.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SocketDiagTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void knowsConnectionsAndListenersApartAndWhatIsNotThere(String address) throws Exception {
        InetAddress loopback = InetAddress.ofLiteral(address);
        try (NetworkNamespace own = NetworkNamespace.open(Path.of("/proc/self/ns/net"));
                SocketDiag diag = SocketDiag.open(own);
                ServerSocket server = new ServerSocket(0, 1, loopback);
                Socket client = new Socket(loopback, server.getLocalPort())) {
            var local = (InetSocketAddress) client.getLocalSocketAddress();
            var listening = (InetSocketAddress) server.getLocalSocketAddress();
            assertThat(diag.sees(listening)).isTrue();
            assertThat(diag.exists(local, loopback, server.getLocalPort())).isTrue();
            assertThat(diag.exists(listening, loopback, local.getPort())).isTrue();
            assertThat(diag.exists(listening, loopback, local.getPort() == 9 ? 10 : 9))
                    .isFalse();
        }
    }
}
