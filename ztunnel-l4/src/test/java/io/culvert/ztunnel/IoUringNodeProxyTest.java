package io.culvert.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The same proxy on io_uring: the kernel that tests run on must allow it. Needs root. */
@Tag("netns")
class IoUringNodeProxyTest extends NodeProxyTest {
    @Override
    Transport transport() {
        return Transport.IO_URING;
    }

    @Test
    void theLoopsAreOfIoUring() {
        assertThat(Transport.of(group)).isEqualTo(Transport.IO_URING);
    }
}
