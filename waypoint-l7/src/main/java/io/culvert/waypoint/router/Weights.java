package io.culvert.waypoint.router;

import io.culvert.core.route.WeightedBackend;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chooses among weighted backends. */
final class Weights {
    private Weights() {}

    /** One by its weight; null when no weight is above zero. */
    static @Nullable WeightedBackend pick(List<WeightedBackend> backends, Chance chance) {
        long total = 0;
        for (int i = 0; i < backends.size(); i++) {
            total += Math.max(0, backends.get(i).weight());
        }
        if (total == 0) {
            return null;
        }
        long left = backends.size() == 1 ? 0 : chance.below(total);
        for (int i = 0; i < backends.size(); i++) {
            left -= Math.max(0, backends.get(i).weight());
            if (left < 0) {
                return backends.get(i);
            }
        }
        throw new AssertionError("a number below the sum of the weights falls into one of them");
    }
}
