package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransportChoiceTest {
    @ParameterizedTest(name = "{0}")
    @EnumSource
    void loopsAreOfTheTransportThatWasChosen(TransportChoice choice) throws Exception {
        MultiThreadIoEventLoopGroup loops = choice.loops(1, Executors.defaultThreadFactory());
        try {
            assertThat(Transport.of(loops)).isEqualTo(choice.transport());
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    @Test
    void autoIsEpollUntilMeasuredOtherwise() {
        assertThat(TransportChoice.AUTO.transport()).isEqualTo(Transport.EPOLL);
    }

    @Test
    void aRefusalSaysWhatTheKernelSaidAndTheRemedy() {
        IOException refused =
                TransportChoice.IO_URING.refused(new UnsatisfiedLinkError("io_uring_setup: Operation not permitted"));
        assertThat(refused)
                .hasMessageStartingWith("--transport io_uring: io_uring cannot be used: "
                        + "io_uring_setup: Operation not permitted; start with --transport epoll")
                .hasMessageContaining("seccomp")
                .hasMessageContaining("kernel.io_uring_disabled");
    }
}
