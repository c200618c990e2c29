package io.culvert.perf.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafepointLogTest {
    @Test
    void theLongestPauseSinceAMarkIsFoundInTheLogsOfTheseProcessesAlone(@TempDir Path directory) throws IOException {
        SafepointLog log = new SafepointLog(directory);
        assertThat(log.longestSince(log.mark(), List.of(1L))).isZero();
        Path one = directory.resolve("safepoint-1.log");
        Files.writeString(one, line("GenCollectForAllocation", 9_000_000));
        SafepointLog.Mark mark = log.mark();
        assertThat(log.longestSince(mark, List.of(1L, 2L))).isZero();
        Files.writeString(one, line("ICBufferFull", 1_500_000), StandardOpenOption.APPEND);
        Files.writeString(directory.resolve("safepoint-2.log"), line("G", 2_250_000) + line("H", 100));
        assertThat(log.longestSince(mark, List.of(1L, 2L))).isEqualTo(2.25);
        assertThat(log.longestSince(mark, List.of(1L))).isEqualTo(1.5);
    }

    @Test
    void aRealJvmWritesWhatIsRead(@TempDir Path directory) throws Exception {
        SafepointLog log = new SafepointLog(directory);
        SafepointLog.Mark nothing = new SafepointLog.Mark(java.util.Map.of());
        Process collecting = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        log.flag(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Collecting.class.getName())
                .redirectErrorStream(true)
                .start();
        collecting.getInputStream().readAllBytes();
        assertThat(collecting.waitFor()).isZero();
        assertThat(log.longestSince(nothing, List.of(collecting.pid()))).isPositive();
    }

    private static String line(String name, long nanos) {
        return "[0.107s] Safepoint \"" + name
                + "\", Time since last: 5 ns, Reaching safepoint: 3 ns, At safepoint: 2 ns,"
                + " Leaving safepoint: 1 ns, Total: " + nanos + " ns, Threads: 0 runnable, 9 total\n";
    }

    /** Collects once. */
    static final class Collecting {
        private Collecting() {}

        public static void main(String[] args) {
            System.gc();
        }
    }
}
