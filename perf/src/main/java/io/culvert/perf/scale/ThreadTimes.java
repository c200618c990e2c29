package io.culvert.perf.scale;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Processor seconds of this JVM, by what its threads are for: whoever wants them fewer has to know whose they are.
 * Immutable.
 *
 * @param collector the thread that collects, which is one with the serial collector
 * @param compiler of the JIT compiler's threads
 * @param rest all others
 */
record ThreadTimes(double collector, double compiler, double rest) {
    // USER_HZ, which is what /proc speaks on every architecture that Linux has today.
    private static final double TICKS = 100;

    static ThreadTimes now() throws IOException {
        long collector = 0;
        long compiler = 0;
        long rest = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                String stat = stat(thread);
                int name = stat.lastIndexOf(')');
                if (name < 0) {
                    continue;
                }
                // Behind the name comes the state; the times in user mode and in the kernel are fields 12 and 13.
                String[] fields = stat.substring(name + 2).split(" ", -1);
                long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
                if (stat.contains("(VM Thread)")) {
                    collector += ticks;
                } else if (stat.contains(" CompilerThre")) {
                    compiler += ticks;
                } else {
                    rest += ticks;
                }
            }
        }
        return new ThreadTimes(collector / TICKS, compiler / TICKS, rest / TICKS);
    }

    /** Empty for a thread that has ended. */
    private static String stat(Path thread) throws IOException {
        try {
            return Files.readString(thread.resolve("stat"), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    ThreadTimes since(ThreadTimes earlier) {
        return new ThreadTimes(collector - earlier.collector, compiler - earlier.compiler, rest - earlier.rest);
    }
}
