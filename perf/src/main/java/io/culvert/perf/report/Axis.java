package io.culvert.perf.report;

import java.util.ArrayList;
import java.util.List;

/** A logarithmic axis from {@code low} to {@code high} over {@code length} units of the drawing. Immutable. */
record Axis(double low, double high, double length) {
    /** The axis from the step of 1, 2, 5 at or below {@code least} to the one at or above {@code most}. */
    static Axis around(double least, double most, double length) {
        double low = step(least, false);
        double high = step(most, true);
        return new Axis(low, high > low ? high : low * 10, length);
    }

    /** How far along {@code value} stands. */
    double at(double value) {
        return length * Math.log(value / low) / Math.log(high / low);
    }

    /** The ticks: 1, 2, 5 of each decade, or only 1 when that would be too many. */
    List<Double> ticks() {
        boolean dense = Math.log10(high / low) <= 3;
        List<Double> ticks = new ArrayList<>();
        for (int decade = (int) Math.floor(Math.log10(low) - 1e-9); Math.pow(10, decade) <= high * 1.0001; decade++) {
            for (int digit : dense ? new int[] {1, 2, 5} : new int[] {1}) {
                double tick = digit * Math.pow(10, decade);
                if (tick >= low * 0.9999 && tick <= high * 1.0001) {
                    ticks.add(tick);
                }
            }
        }
        return ticks;
    }

    private static double step(double value, boolean up) {
        double decade = Math.pow(10, Math.floor(Math.log10(value)));
        double digit = value / decade;
        if (up) {
            return decade * (digit <= 1.0001 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
        }
        return decade * (digit < 2 ? 1 : digit < 5 ? 2 : 5);
    }
}
