package io.culvert.perf.result;

/** How a target's figure comes from the variant's value and the base's, rotation by rotation. */
public enum Kind {
    /** The variant's value over the base's. */
    RATIO,
    /** The variant's value less the base's. */
    DIFFERENCE,
    /** The variant's value; no base. */
    ABSOLUTE
}
