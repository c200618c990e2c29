package io.culvert.core.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import org.junit.jupiter.api.Test;

/** The same relays on io_uring: the kernel that tests run on must allow it. */
class IoUringRelayTest extends RelayTest {
    @Override
    Transport transport() {
        return Transport.IO_URING;
    }

    @Test
    void theLoopAndItsSocketsAreOfIoUring() throws Exception {
        RelayBench bench = bench(RelaySettings.DEFAULT);
        assertThat(bench.transport()).isEqualTo(Transport.IO_URING);
        assertThat(bench.listenerKind()).isEqualTo("IoUringServerSocketChannel");
    }
}
