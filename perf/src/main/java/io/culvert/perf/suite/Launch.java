package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import io.culvert.lab.Launcher;
import java.nio.file.Path;
import java.util.List;

/** Starts agents and controllers as they ship: by the root script, with the flags of each role. */
final class Launch {
    private Launch() {}

    /** The root script. */
    static Path script() {
        String script = System.getenv("CULVERT");
        if (script == null) {
            throw new LabException("CULVERT does not name the root script: start this by ./culvert bench");
        }
        return Path.of(script);
    }

    /** {@code logging} are JVM flags that only write logs; nothing that changes what runs. */
    static Launcher shipped(String... logging) {
        Path script = script();
        return role -> logging.length == 0
                ? List.of(script.toString(), role)
                : List.of("env", "CULVERT_JAVA_OPTS=" + String.join(" ", logging), script.toString(), role);
    }
}
