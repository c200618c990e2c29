package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import org.junit.jupiter.api.Test;

/** The same on io_uring: the kernel that tests run on must allow it. */
class IoUringHbonePoolTest extends HbonePoolTest {
    @Override
    Transport transport() {
        return Transport.IO_URING;
    }

    @Test
    void theLoopsAreOfIoUring() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            assertThat(Transport.of(net.group)).isEqualTo(Transport.IO_URING);
        }
    }
}
