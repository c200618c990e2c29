package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.perf.load.Marks;
import io.culvert.perf.measure.Memory;
import io.culvert.perf.measure.SafepointLog;
import io.culvert.perf.measure.Usage;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What one round costs: told when its counted part begins and ends, asked for the values afterwards. One thread. */
final class Meter implements Marks {
    private final Variant variant;
    private final SafepointLog safepoints;
    private SafepointLog.@Nullable Mark pauses;
    private @Nullable Usage before;
    private @Nullable Usage after;
    private double longestPause;

    Meter(Variant variant, SafepointLog safepoints) {
        this.variant = variant;
        this.safepoints = safepoints;
    }

    @Override
    public void begin() {
        pauses = safepoints.mark();
        before = Usage.of(variant.pids());
    }

    @Override
    public void end() {
        after = Usage.of(variant.pids());
        SafepointLog.Mark since = Objects.requireNonNull(pauses, "a round that ends has begun");
        longestPause = safepoints.longestSince(since, variant.pids());
    }

    /** The values of a round whose load answered {@code answer}. */
    SortedMap<String, Double> values(Load load, JsonNode answer) {
        SortedMap<String, Double> values = new TreeMap<>();
        Usage usage = Objects.requireNonNull(after, "the round has ended").since(Objects.requireNonNull(before));
        values.put("errors", answer.get("errors").asDouble());
        values.put("seconds_s", answer.get("seconds").asDouble());
        if (load.kind() == Load.Kind.BULK) {
            bulk(values, answer, usage);
        } else {
            requests(values, load, answer, usage);
        }
        if (!variant.pids().isEmpty()) {
            memory(values);
        }
        if (variant.isMesh()) {
            values.putAll(pauses(answer));
        }
        return values;
    }

    /** The agents' pauses in the round. */
    SortedMap<String, Double> pauses(JsonNode answer) {
        SortedMap<String, Double> values = new TreeMap<>();
        values.put("pause_longest_ms", longestPause);
        JsonNode idle = answer.get("idle_lateness_us");
        if (idle != null) {
            values.put(
                    "pause_beyond_idle_ms",
                    Math.max(0, longestPause - idle.get("max").asDouble() / 1e3));
        }
        return values;
    }

    /** What the requests of a round saw, without what they cost. */
    static SortedMap<String, Double> answers(JsonNode answer, boolean open) {
        SortedMap<String, Double> values = new TreeMap<>();
        values.put("errors", answer.get("errors").asDouble());
        double answered = answer.get("answered").asDouble();
        values.put("sent", answer.get("sent").asDouble());
        values.put("answered", answered);
        values.put("lost", answer.get("sent").asDouble() - answered);
        values.put("requests_per_s", answered / answer.get("seconds").asDouble());
        percentiles(values, "latency", answer.get("latency_us"));
        values.put("idle_p99_ms", answer.get("idle_lateness_us").get("p99").asDouble() / 1e3);
        values.put("idle_max_ms", answer.get("idle_lateness_us").get("max").asDouble() / 1e3);
        if (open) {
            values.put(
                    "lateness_p99_ms",
                    answer.get("sender_lateness_us").get("p99").asDouble() / 1e3);
        }
        return values;
    }

    private void bulk(SortedMap<String, Double> values, JsonNode answer, Usage usage) {
        double gigabytes = answer.get("bytes").asDouble() / 1e9;
        values.put("throughput_gbit", gigabytes * 8 / answer.get("seconds").asDouble());
        cpu(values, usage, "per_gb_s", gigabytes, 1);
    }

    private void requests(SortedMap<String, Double> values, Load load, JsonNode answer, Usage usage) {
        double answered = answer.get("answered").asDouble();
        values.putAll(answers(answer, load.kind() == Load.Kind.OPEN));
        cpu(
                values,
                usage,
                load.kind() == Load.Kind.CONNECTIONS ? "per_connection_us" : "per_request_us",
                answered,
                1e6);
        values.put("switches_per_request", answered == 0 ? Double.NaN : usage.switches() / answered);
    }

    private static void percentiles(SortedMap<String, Double> values, String name, JsonNode from) {
        for (String percentile : List.of("p50", "p90", "p99", "p999", "max")) {
            values.put(name + "_" + percentile + "_ms", from.get(percentile).asDouble() / 1e3);
        }
    }

    private void cpu(SortedMap<String, Double> values, Usage usage, String per, double count, double unit) {
        if (count == 0) {
            return;
        }
        values.put("cpu_machine_" + per, usage.machineSeconds() * unit / count);
        if (!variant.pids().isEmpty()) {
            values.put("cpu_user_" + per, usage.userSeconds() * unit / count);
            values.put("cpu_system_" + per, usage.systemSeconds() * unit / count);
            values.put("cpu_" + per, usage.seconds() * unit / count);
        }
    }

    private void memory(SortedMap<String, Double> values) {
        Memory all = Memory.of(variant.pids());
        values.put("pss_mib", all.pssMib());
        values.put("rss_mib", all.rssMib());
        for (int i = 0; i < variant.pids().size(); i++) {
            Memory one = Memory.of(List.of(variant.pids().get(i)));
            values.put("pss_process" + (i + 1) + "_mib", one.pssMib());
            values.put("rss_process" + (i + 1) + "_mib", one.rssMib());
        }
    }
}
