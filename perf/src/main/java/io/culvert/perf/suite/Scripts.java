package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The peers' scripts in the source tree. */
final class Scripts {
    /** Every peer that comes with the bench. */
    static final List<String> NAMES = List.of(
            "haproxy-tls",
            "haproxy-http",
            "haproxy-tcp",
            "nginx",
            "envoy",
            "waypoint-envoy",
            "waypoint-haproxy",
            "waypoint-nginx");

    private Scripts() {}

    static Path directory() {
        Path directory = Launch.script().resolveSibling("perf/src/main/peers");
        if (!Files.isDirectory(directory)) {
            throw new LabException("there is no " + directory + ": the bench runs from a checkout");
        }
        return directory;
    }

    static Path of(String peer) {
        if (!NAMES.contains(peer)) {
            throw new LabException("no peer " + peer + "; there are " + String.join(", ", NAMES)
                    + ", and your own by --peer NAME=SCRIPT");
        }
        return directory().resolve(peer + ".sh");
    }
}
