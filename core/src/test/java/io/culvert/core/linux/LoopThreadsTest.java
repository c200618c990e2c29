package io.culvert.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LoopThreadsTest {
    /** Of kernels that have them, 6.12 and later, the scheduler's own account is asked. */
    @Test
    void aLoopHasAShortSliceAndWorks() throws Exception {
        CompletableFuture<List<String>> seen = new CompletableFuture<>();
        Thread loop = LoopThreads.factory("test-loop")
                .newThread(() -> seen.completeAsync(() -> lines(Path.of("/proc/thread-self/sched")), Runnable::run));
        loop.start();
        assertThat(loop.isDaemon()).isTrue();
        assertThat(loop.getPriority()).isEqualTo(Thread.MAX_PRIORITY);
        assertThat(seen.get(10, TimeUnit.SECONDS))
                .filteredOn(line -> line.startsWith("se.slice"))
                .singleElement()
                .asString()
                .endsWith(" 100000");
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
