package io.culvert.lab.demo;

import io.culvert.lab.LabPod;
import java.io.IOException;

/**
 * A pair of pods that talk, for the table at the end. Immutable.
 *
 * @param session makes a connection from the source to the destination
 */
record Edge(LabPod source, LabPod destination, SessionFactory session) {
    /** Makes a connection. */
    @FunctionalInterface
    interface SessionFactory {
        Session open() throws IOException;
    }
}
