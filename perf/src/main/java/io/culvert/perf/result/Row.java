package io.culvert.perf.result;

import java.util.Objects;

/**
 * A target and what the run says of it.
 *
 * @param value median over rotations; NaN when not measured
 * @param low lower end of the 95 % bootstrap interval of that median; NaN when unknown
 * @param high its upper end
 * @param why what the verdict rests on: rotations used and left out, and what is missing
 */
public record Row(Target target, double value, double low, double high, Verdict verdict, String why) {
    public Row {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(verdict, "verdict");
        Objects.requireNonNull(why, "why");
    }
}
