package io.culvert.perf.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.lab.LabException;
import io.culvert.perf.load.IdleSleeper;
import io.culvert.perf.load.Marks;
import io.culvert.perf.load.RequestResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * HTTP/2 requests by h2load, which answers as our own load program does. It is told a number of requests and not a time,
 * because what it still has under way when its time is over it gives up: the number is what the last batch's rate makes
 * of the time. One thread.
 */
final class StreamLoad {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long HIGHEST = 60_000_000_000L;
    private static final int FEWEST = 2_000;
    private static final double BATCH_SECONDS = 5;
    private static final double REST = 0.15;
    private static final Pattern CONNECTIONS = Pattern.compile("-c ([0-9]+)");
    private static final Pattern SAID = Pattern.compile(
            "finished in [^,]+, ([0-9.]+) req/s.*?"
                    + "requests: ([0-9]+) total, ([0-9]+) started, ([0-9]+) done, ([0-9]+) succeeded, .*?"
                    + "status codes: ([0-9]+) 2xx,",
            Pattern.DOTALL);

    private final Path log;
    private final Map<String, Double> rates = new HashMap<>();

    /** {@code directory} is for its log. */
    StreamLoad(Path directory) {
        this.log = directory.resolve("h2load.log");
    }

    /**
     * What it said of one batch. Immutable.
     *
     * @param rate requests per second
     * @param sent requests that it began
     * @param answered of those, answered by 2xx
     */
    record Batch(double rate, long sent, long answered) {
        static Batch of(String output) {
            Matcher said = SAID.matcher(output);
            if (!said.find()) {
                throw new LabException("no count of requests in what h2load said: " + output);
            }
            return new Batch(
                    Double.parseDouble(said.group(1)), Long.parseLong(said.group(3)), Long.parseLong(said.group(6)));
        }

        double seconds() {
            return rate == 0 ? 0 : answered / rate;
        }
    }

    /** A round; {@code marks} are told when its counted part begins and ends. */
    JsonNode round(Variant variant, Load load, double warmUp, double seconds, Marks marks) throws IOException {
        List<Batch> before = batches(variant, load, warmUp, new Histogram(HIGHEST, 3));
        Histogram latency = new Histogram(HIGHEST, 3);
        try (IdleSleeper sleeper = new IdleSleeper()) {
            marks.begin();
            List<Batch> counted = batches(variant, load, seconds, latency);
            marks.end();
            return answer(load, before, counted, latency, sleeper.stop());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while h2load ran", e);
        }
    }

    static JsonNode answer(Load load, List<Batch> before, List<Batch> counted, Histogram latency, Histogram idle)
            throws IOException {
        List<Batch> all = Stream.concat(before.stream(), counted.stream()).toList();
        long requests = all.stream().mapToLong(Batch::sent).sum();
        long errors = requests - all.stream().mapToLong(Batch::answered).sum();
        double seconds = counted.stream().mapToDouble(Batch::seconds).sum();
        return JSON.readTree(new RequestResult(
                        latency,
                        new Histogram(HIGHEST, 3),
                        idle,
                        counted.stream().mapToLong(Batch::sent).sum(),
                        counted.stream().mapToLong(Batch::answered).sum(),
                        errors,
                        0,
                        (long) all.size() * connections(load),
                        requests,
                        -1,
                        -1,
                        Duration.ofNanos(Math.round(seconds * 1e9)),
                        errors == 0 ? "" : errors + " of " + requests + " HTTP/2 requests were not answered by 2xx")
                .toJson());
    }

    /** Until {@code seconds} are over; what is left of them at the end is not worth a batch. */
    private List<Batch> batches(Variant variant, Load load, double seconds, Histogram latency) throws IOException {
        List<Batch> batches = new ArrayList<>();
        String key = load.name() + " " + variant.topology() + " " + variant.name();
        long begin = System.nanoTime();
        for (double left = seconds; left > seconds * REST; left = seconds - (System.nanoTime() - begin) / 1e9) {
            double rate = rates.getOrDefault(key, 0.0);
            long requests = Math.max(FEWEST, Math.round(rate * Math.min(left, BATCH_SECONDS)));
            Batch batch = batch(variant, load, requests, latency);
            batches.add(batch);
            if (batch.answered() == 0) {
                break;
            }
            rates.put(key, batch.rate());
        }
        return batches;
    }

    private Batch batch(Variant variant, Load load, long requests, Histogram latency) throws IOException {
        Files.deleteIfExists(log);
        List<String> command = new ArrayList<>(List.of("timeout", "-k", "5", "120", "nsenter"));
        command.add("--net=" + variant.client().networkNamespace());
        command.addAll(List.of("--", "h2load", "-t", "1", "-N", "10", "--log-file=" + log, "-n"));
        command.add(Long.toString(requests));
        command.addAll(List.of(load.words().split(" ", -1)));
        command.add("http://" + variant.host() + ":" + load.port() + "/");
        Batch batch = Batch.of(Commands.run(command.toArray(String[]::new)));
        if (Files.exists(log)) {
            try (Stream<String> lines = Files.lines(log)) {
                lines.forEach(line -> record(line, latency));
            }
        }
        return batch;
    }

    /** A line is the time of the request's start, the status, and how long it took, both times in microseconds. */
    static void record(String line, Histogram latency) {
        String[] fields = line.split("\t", -1);
        if (fields.length >= 3 && fields[1].startsWith("2")) {
            latency.recordValue(Math.clamp(Long.parseLong(fields[2]) * 1_000, 0, HIGHEST));
        }
    }

    private static int connections(Load load) {
        Matcher found = CONNECTIONS.matcher(load.words());
        if (!found.find()) {
            throw new LabException("load " + load.name() + " does not say its connections: \"" + load.words() + "\"");
        }
        return Integer.parseInt(found.group(1));
    }
}
