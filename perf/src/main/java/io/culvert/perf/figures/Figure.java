package io.culvert.perf.figures;

import java.util.List;
import java.util.function.Consumer;

/** One figure to reach: knows its topology, its load and its target. */
interface Figure {
    /** What it is called on the command line. */
    String name();

    /** What it says, for people. */
    String title();

    /** Measures it in a lab of its own; {@code progress} is told what happens, a line each. */
    List<Row> measure(Consumer<String> progress) throws Exception;

    /**
     * One measured number against its target.
     *
     * @param what is measured, with unit
     * @param measured the number with its spread, as text
     * @param target as text
     * @param reached whether the target was met
     */
    record Row(String what, String measured, String target, boolean reached) {}
}
