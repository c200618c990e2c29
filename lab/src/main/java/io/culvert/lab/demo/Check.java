package io.culvert.lab.demo;

import java.io.IOException;

/** One promise of the mesh, tried on the demo's cluster. Platform threads. */
public interface Check {
    /** What is promised, in a few words. */
    String title();

    /**
     * Tries it and says what was measured.
     *
     * @throws CheckFailure when it does not hold
     */
    String run() throws IOException;
}
