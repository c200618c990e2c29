package io.culvert.agent;

import io.culvert.core.telemetry.MetricsRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;

/**
 * Whether this process runs with the ahead-of-time cache that its command line names. A JVM refuses a cache of another
 * JVM, other jars or other flags without a word, and starts in twice the time; what it refused is not among the mapped
 * files of the process. Immutable.
 *
 * @param file as on the command line; empty when it names none
 */
record AotCache(Use use, String file) {
    /** What became of the cache. */
    enum Use {
        IN_USE,
        REFUSED,
        NOT_GIVEN
    }

    private static final String FLAG = "-XX:AOTCache=";

    static AotCache ofThisProcess() {
        try {
            return of(
                    List.of(Files.readString(Path.of("/proc/self/cmdline")).split("\0", -1)),
                    Files.readAllLines(Path.of("/proc/self/maps")));
        } catch (IOException e) {
            return new AotCache(Use.NOT_GIVEN, "");
        }
    }

    /** By the words of the command line, of which the last flag counts, and the lines of proc_pid_maps(5). */
    static AotCache of(List<String> command, List<String> maps) {
        String file = "";
        for (String word : command) {
            if (word.startsWith(FLAG)) {
                file = word.substring(FLAG.length());
            }
        }
        if (file.isEmpty()) {
            return new AotCache(Use.NOT_GIVEN, "");
        }
        String mapped = " " + Path.of(file).toAbsolutePath().normalize();
        boolean inUse = maps.stream().anyMatch(line -> line.endsWith(mapped) || line.endsWith(mapped + " (deleted)"));
        return new AotCache(inUse ? Use.IN_USE : Use.REFUSED, file);
    }

    /** Says so in one line, and what to do about it. */
    void log(Logger log) {
        switch (use) {
            case IN_USE -> log.info("started with the ahead-of-time cache {}", file);
            case REFUSED ->
                log.warn(
                        "the JVM refused the ahead-of-time cache {}: it is not there, or was made by another JVM, of"
                                + " other jars or with other flags. The start takes twice the time. Make it anew"
                                + " with ./culvert train; the JVM flag -Xlog:aot says what differs",
                        file);
            case NOT_GIVEN -> log.info("started without an ahead-of-time cache (JVM flag {}FILE), more slowly", FLAG);
        }
    }

    void register(MetricsRegistry registry) {
        registry.gauge(
                "culvert_aot_cache_in_use",
                "1 when the JVM runs with its ahead-of-time cache, 0 when there is none or the JVM refused it",
                () -> use == Use.IN_USE ? 1 : 0);
    }
}
