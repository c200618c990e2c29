package io.culvert.perf.load;

import io.netty.channel.EventLoop;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The load program of a bench: one warmed process that plays the clients of every pod. A line on standard input is a
 * round, {@code requests}, {@code bulk} or {@code stall} and {@code key=value} words; it answers {@code begin} and {@code end} when the
 * counted part begins and ends, and then a line of JSON.
 */
final class Drive {
    private final EventLoop loop;
    private final PrintStream out;
    private final Marks marks = new Marks() {
        @Override
        public void begin() {
            say("begin");
        }

        @Override
        public void end() {
            say("end");
        }
    };

    Drive(EventLoop loop, PrintStream out) {
        this.loop = loop;
        this.out = out;
    }

    void run(BufferedReader in) throws IOException, InterruptedException {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            Map<String, String> values = new HashMap<>();
            Arrays.stream(words).skip(1).forEach(word -> {
                int at = word.indexOf('=');
                values.put(word.substring(0, at), word.substring(at + 1));
            });
            try (PodSockets sockets = PodSockets.at(values.getOrDefault("netns", "-"))) {
                switch (words[0]) {
                    case "requests" ->
                        say(RequestLoad.run(loop, sockets, requests(values), marks)
                                .toJson());
                    case "bulk" ->
                        say(BulkLoad.run(loop, sockets, bulk(values), marks).toJson());
                    case "stall" -> say(StallLoad.run(loop, sockets, bulk(values)));
                    default -> throw new IllegalArgumentException("not requests, bulk or stall: " + words[0]);
                }
            }
        }
    }

    private void say(String line) {
        out.write((line + "\n").getBytes(StandardCharsets.US_ASCII), 0, line.length() + 1);
        out.flush();
    }

    private static RequestPlan requests(Map<String, String> values) {
        boolean reconnect = Boolean.parseBoolean(values.getOrDefault("reconnect", "false"));
        String echo = values.get("echo");
        return new RequestPlan(
                target(values),
                echo == null ? Exchange.http(value(values, "host"), reconnect) : Exchange.echo(Integer.parseInt(echo)),
                Integer.parseInt(values.getOrDefault("connections", "1")),
                Integer.parseInt(values.getOrDefault("rate", "0")),
                reconnect,
                seconds(values.getOrDefault("warmup", "0")),
                seconds(value(values, "seconds")));
    }

    private static BulkPlan bulk(Map<String, String> values) {
        return new BulkPlan(
                target(values),
                Integer.parseInt(values.getOrDefault("connections", "1")),
                Long.parseLong(values.getOrDefault("bits", "0")),
                seconds(values.getOrDefault("warmup", "0")),
                seconds(value(values, "seconds")),
                Long.parseLong(values.getOrDefault("bytes", "0")));
    }

    private static InetSocketAddress target(Map<String, String> values) {
        return new InetSocketAddress(value(values, "host"), Integer.parseInt(value(values, "port")));
    }

    private static String value(Map<String, String> values, String key) {
        return Objects.requireNonNull(values.get(key), () -> "there is no " + key + "=");
    }

    static Duration seconds(String text) {
        return Duration.ofMillis(Math.round(Double.parseDouble(text) * 1000));
    }
}
