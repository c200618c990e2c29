package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.LabException;
import io.culvert.lab.LabPod;
import io.culvert.perf.result.Round;
import io.culvert.perf.result.Series;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Other people's load programs beside our own, on the direct way and the mesh's: the same closed loop of requests, the
 * same stream. What is not installed is left out. A figure of ours that only our own program sees would show here.
 */
final class CrossCheck implements Suite {
    static final String NAME = "cross-check";
    private static final String TUNNEL = "tunnel";
    private static final double WARM_UP_SHARE = 0.25;
    private static final int STREAM_PORT = 5201;
    private static final Load REQUESTS = Load.closed(64);
    private static final Load STREAM = Load.bulk(1);

    /** Reads a program's rate out of what it prints. */
    enum Tool {
        WRK("wrk", "Requests/sec:\\s+([0-9.]+)"),
        H2LOAD("h2load", "finished in [^,]+, ([0-9.]+) req/s"),
        FORTIO("fortio", "qps=([0-9.]+)"),
        IPERF3("iperf3", "([0-9.]+) Gbits/sec\\s+receiver");

        private final String program;
        private final Pattern rate;

        Tool(String program, String rate) {
            this.program = program;
            this.rate = Pattern.compile(rate);
        }

        List<String> command(Path program, String host, int seconds) {
            String path = program.toString();
            String url = "http://" + host + ":" + Ports.HTTP + "/";
            return switch (this) {
                case WRK -> List.of(path, "-t1", "-c64", "-d" + seconds + "s", url);
                case H2LOAD -> List.of(path, "--h1", "-t1", "-c64", "--duration=" + seconds, url);
                case FORTIO ->
                    List.of(path, "load", "-qps", "0", "-c", "64", "-t", seconds + "s", "-loglevel", "warning", url);
                case IPERF3 ->
                    List.of(
                            path,
                            "-f",
                            "g",
                            "-c",
                            host,
                            "-p",
                            Integer.toString(STREAM_PORT),
                            "-t",
                            Integer.toString(seconds));
            };
        }

        double rate(String output) {
            Matcher matcher = rate.matcher(output);
            if (!matcher.find()) {
                throw new LabException("no rate in what " + program + " said: " + output);
            }
            return Double.parseDouble(matcher.group(1));
        }

        /** Null when it is not installed. Its whole path: a pod has a PATH of its own. */
        @Nullable
        Path installed() {
            return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                    .map(directory -> Path.of(directory, program))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElse(null);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Series> measure(Session session) throws IOException {
        List<Series> all = new ArrayList<>();
        try (Cluster cluster = session.cluster(List.of(), new TreeMap<>());
                LoadProgram program = LoadProgram.drive()) {
            List<Variant> variants = cluster.variants(TUNNEL);
            new Plain(cluster, program, session::say).warmUp(variants, List.of(REQUESTS, STREAM), session.warmUp());
            for (Tool tool : Tool.values()) {
                Path installed = tool.installed();
                if (installed == null) {
                    session.say("cross-check: " + tool.program + " is not installed");
                    continue;
                }
                for (Variant variant : variants) {
                    all.add(series(session, cluster, program, tool, installed, variant));
                }
            }
        }
        return all;
    }

    private static Series series(
            Session session, Cluster cluster, LoadProgram program, Tool tool, Path installed, Variant variant)
            throws IOException {
        Load load = tool == Tool.IPERF3 ? STREAM : REQUESTS;
        String metric = tool == Tool.IPERF3 ? "throughput_gbit" : "requests_per_s";
        List<Round> rounds = new ArrayList<>();
        for (int rotation = 0; rotation < session.rotations(); rotation++) {
            Meter meter = new Meter(variant, cluster.safepoints());
            JsonNode answer =
                    program.round(load.order(variant, session.seconds() * WARM_UP_SHARE, session.seconds()), meter);
            double own = meter.values(load, answer).getOrDefault(metric, Double.NaN);
            double theirs =
                    tool.rate(foreign(tool, installed, variant, (int) Math.max(1, Math.round(session.seconds()))));
            SortedMap<String, Double> values = new TreeMap<>();
            values.put("errors", answer.get("errors").asDouble());
            values.put(metric, own);
            values.put(tool.program + "_" + metric, theirs);
            values.put("own_over_" + tool.program + "_ratio", own / theirs);
            rounds.add(new Round(rotation, "", values, new TreeMap<>()));
            session.say(String.format(
                    Locale.ROOT,
                    "cross-check %d/%d %s %s: %.2f, ours %.2f",
                    rotation + 1,
                    session.rotations(),
                    tool.program,
                    variant.name(),
                    theirs,
                    own));
        }
        return new Series(NAME, load.name() + "-" + tool.program, TUNNEL, variant.name(), rounds);
    }

    private static String foreign(Tool tool, Path installed, Variant variant, int seconds) throws IOException {
        if (tool != Tool.IPERF3) {
            return run(
                    variant.client(), tool.command(installed, variant.server().ip4(), seconds));
        }
        Process server = new ProcessBuilder(variant.server()
                        .command(List.of(
                                installed.toString(), "-s", "-1", "-p", Integer.toString(STREAM_PORT), "--forceflush")))
                .redirectErrorStream(true)
                .start();
        try {
            listening(server);
            return run(
                    variant.client(), tool.command(installed, variant.server().ip4(), seconds));
        } finally {
            server.destroy();
        }
    }

    /** Reads until it says that it listens; the rest of its output fits into the pipe. */
    private static void listening(Process server) throws IOException {
        StringBuilder said = new StringBuilder();
        while (said.indexOf("listening") < 0) {
            int next = server.getInputStream().read();
            if (next < 0) {
                throw new LabException("iperf3 does not listen: " + said);
            }
            said.append((char) next);
        }
    }

    private static String run(LabPod pod, List<String> command) throws IOException {
        Process process = new ProcessBuilder(pod.command(command))
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new LabException(String.join(" ", command) + " in " + pod.fullName() + " failed: " + out);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while " + command.getFirst() + " ran", e);
        } finally {
            process.destroy();
        }
        return out;
    }
}
