package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.perf.result.Round;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PlainTest {
    @Test
    void aRotationIsVoidWhenTheDirectSenderWasLateByMoreThanTwiceTheMedian() {
        assertThat(Plain.noisy(rounds(0.2, 0.25, 0.3, 0.61, 0.2))).containsExactly(3);
        assertThat(Plain.noisy(rounds(0.2, 0.4, 0.2))).isEmpty();
        assertThat(Plain.noisy(rounds(0.1, 0.3))).isEmpty();
    }

    @Test
    void aClosedLoopHasNoIntendedTimeAndNoVoidRotation() {
        assertThat(Plain.noisy(List.of(new Round(0, "", new TreeMap<>(), new TreeMap<>()))))
                .isEmpty();
    }

    private static List<Round> rounds(double... lateness) {
        List<Round> rounds = new ArrayList<>();
        for (int i = 0; i < lateness.length; i++) {
            SortedMap<String, Double> values = new TreeMap<>();
            values.put("lateness_p99_ms", lateness[i]);
            rounds.add(new Round(i, "", values, new TreeMap<>()));
        }
        return rounds;
    }
}
