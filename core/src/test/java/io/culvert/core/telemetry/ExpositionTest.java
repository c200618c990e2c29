package io.culvert.core.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ExpositionTest {
    private final MetricsRegistry registry = new MetricsRegistry();

    @Test
    void prometheusTextIsTheDefaultAndOpenMetricsIsGivenToWhoAsks() {
        registry.counter("culvert_things", "Things").inc();
        assertThat(Exposition.forAccept(null).contentType()).startsWith("text/plain; version=0.0.4");
        assertThat(Samples.text(registry, "*/*"))
                .contains("# TYPE culvert_things_total counter", "culvert_things_total 1.0");
        String accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
        assertThat(Exposition.forAccept(accept).contentType()).startsWith("application/openmetrics-text");
        assertThat(Samples.text(registry, accept))
                .contains("# TYPE culvert_things counter", "culvert_things_total 1.0")
                .endsWith("# EOF\n");
    }

    @Test
    void gaugesAreAskedAtEachScrape() {
        double[] value = {1};
        registry.gauge("culvert_budget_bytes", "Budget", "scope", "agent", () -> value[0]);
        assertThat(Samples.value(registry, "culvert_budget_bytes")).isEqualTo(1);
        value[0] = 2;
        assertThat(Samples.value(registry, "culvert_budget_bytes")).isEqualTo(2);
    }

    @Test
    void theSameNameIsTheSameCounterAndOtherLabelsAreAMistake() {
        registry.counters("culvert_errors", "Errors", "reason").with("a").inc();
        registry.counters("culvert_errors", "Errors", "reason").with("a").inc();
        assertThat(Samples.value(registry, "culvert_errors_total")).isEqualTo(2);
        assertThatThrownBy(() -> registry.counters("culvert_errors", "Errors", "kind"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("culvert_errors");
    }

    @Test
    void aFamilyOfCountersIsBounded() {
        CounterFamily family = registry.counters("culvert_errors", "Errors", "reason");
        for (int i = 0; i < CounterFamily.MAX + 10; i++) {
            family.with("r" + i).inc();
        }
        assertThat(Samples.lines(registry, "culvert_errors_total")).hasSize(CounterFamily.MAX + 1);
        assertThat(Samples.lines(registry, "culvert_errors_total"))
                .contains("culvert_errors_total{reason=\"other\"} 10.0");
    }

    @Test
    void theProcessTellsItsDescriptorsAndTheirLimit() {
        ProcessMetrics.register(registry);
        assertThat(Samples.value(registry, "process_open_fds")).isGreaterThan(3);
        assertThat(Samples.value(registry, "process_max_fds")).isGreaterThan(100);
        assertThat(Samples.value(registry, "process_resident_memory_bytes")).isGreaterThan(10e6);
        assertThat(Samples.text(registry, null)).contains("culvert_conntrack_entries", "culvert_conntrack_max");
    }
}
