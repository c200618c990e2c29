package io.culvert.perf.result;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitsTest {
    @ParameterizedTest(name = "{0}: {1}, {2} is better")
    @CsvSource({
        "latency_p99_ms, ms, LESS, latency p99",
        "latency_p999_ms, ms, LESS, latency p99.9",
        "cpu_per_request_us, µs, LESS, cpu per request",
        "cpu_per_gb_s, s, LESS, cpu per gb",
        "requests_per_s, /s, MORE, requests",
        "throughput_gbit, Gbit/s, MORE, throughput",
        "rss_mib, MiB, LESS, rss",
        "per_tunnel_kib, KiB, LESS, per tunnel",
        "victim_p99_ratio, '', LESS, victim p99 ratio",
        "errors, '', NONE, errors",
        "connections_failed, '', NONE, connections failed",
        "dropped_per_s, /s, LESS, dropped",
        "sender_lateness_p99_ms, ms, NEITHER, sender lateness p99",
        "sent, '', NEITHER, sent",
    })
    void readsAName(String name, String unit, Units.Better better, String title) {
        assertThat(Units.of(name)).isEqualTo(unit);
        assertThat(Units.better(name)).isEqualTo(better);
        assertThat(Units.title(name)).isEqualTo(title);
    }

    @Test
    void writesThreeDigits() {
        assertThat(Units.plain(0.61987)).isEqualTo("0.620");
        assertThat(Units.plain(1.2345)).isEqualTo("1.23");
        assertThat(Units.plain(12.345)).isEqualTo("12.3");
        assertThat(Units.plain(1234.5)).isEqualTo("1235");
        assertThat(Units.plain(123456.7)).isEqualTo("123,457");
        assertThat(Units.plain(0.0000123)).isEqualTo("1.2e-05");
        assertThat(Units.plain(-2)).isEqualTo("-2");
        assertThat(Units.plain(Double.NaN)).isEqualTo("–");
        assertThat(Units.plain(Double.POSITIVE_INFINITY)).isEqualTo("∞");
    }

    @Test
    void writesRoundFiguresWithoutZeros() {
        assertThat(Units.round(0.5)).isEqualTo("0.5");
        assertThat(Units.round(0.1 + 0.2)).isEqualTo("0.3");
        assertThat(Units.round(165)).isEqualTo("165");
        assertThat(Units.round(-1e4)).isEqualTo("-10000");
        assertThat(Units.round(Double.NaN)).isEqualTo("–");
    }
}
