package io.culvert.perf.figures;

import io.culvert.lab.LabException;
import io.culvert.lab.Launcher;
import java.util.List;

/** Starts agents and controllers as they ship: by the root script, with the flags of each role. */
final class Launch {
    private Launch() {}

    static Launcher shipped() {
        String script = System.getenv("CULVERT");
        if (script == null) {
            throw new LabException("CULVERT does not name the root script: start the figures by ./culvert bench");
        }
        return role -> List.of(script, role);
    }
}
