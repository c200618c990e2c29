package io.culvert.perf.figures;

import io.culvert.lab.Lab;
import io.culvert.lab.LabOptions;
import io.culvert.lab.LabPod;
import io.culvert.perf.suite.Launch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** An agent with 20 captured pods: its resident set when idle, and how soon after its start a connection is served. */
final class AgentFootprint implements Figure {
    private static final int PODS = 20;
    private static final int STARTS = 5;
    private static final long RSS_MIB = 120;
    private static final double START_SECONDS = 1.5;
    private static final long SETTLE_MILLIS = 15_000;

    @Override
    public String name() {
        return "footprint";
    }

    @Override
    public String title() {
        return "agent with 20 enrolled pods, idle, with the flags it ships with";
    }

    @Override
    public List<Row> measure(Consumer<String> progress) throws Exception {
        StringBuilder cluster = new StringBuilder(Bench.pairs());
        for (int i = 1; i < PODS; i++) {
            cluster.append(Bench.idlePod("mesh", "idle-" + i, "node-1"));
        }
        try (Lab lab = Lab.start(cluster.toString(), LabOptions.mesh(Launch.shipped()))) {
            Bench.ready(lab);
            Thread.sleep(SETTLE_MILLIS);
            long mib = Bench.rss(lab.node("node-1").agent().pid()) >> 20;
            progress.accept("RSS " + mib + " MiB");
            List<Double> accepted = new ArrayList<>();
            List<Double> echoed = new ArrayList<>();
            for (int i = 0; i < STARTS; i++) {
                Restart restart = Restart.measure(lab, "node-1", lab.pod("client.mesh"), lab.pod("server.mesh"), false);
                accepted.add(restart.acceptedSeconds());
                echoed.add(restart.echoedSeconds());
                progress.accept("start " + (i + 1) + ": " + restart);
            }
            return List.of(
                    new Row("RSS, idle", mib + " MiB", "<= " + RSS_MIB + " MiB", mib <= RSS_MIB),
                    new Row(
                            "start to first accepted connection, " + STARTS + " starts",
                            Bench.spread(accepted, "s"),
                            String.format(Locale.ROOT, "< %.1f s", START_SECONDS),
                            Bench.median(accepted) < START_SECONDS),
                    new Row("start to first byte through the tunnel", Bench.spread(echoed, "s"), "-", true));
        }
    }

    /** What the probes saw around one stop and start of an agent. */
    record Restart(double acceptedSeconds, double echoedSeconds, boolean leaked) {
        static Restart measure(Lab lab, String node, LabPod client, LabPod server, boolean kill) throws Exception {
            var agent = lab.node(node).agent();
            if (kill) {
                agent.kill();
            } else {
                agent.stop(Duration.ofSeconds(10));
            }
            ProbeLog probe = ProbeLog.start(client, server);
            try {
                String whileDead = probe.awaitFirst(Duration.ofSeconds(10)).outcome();
                long started = System.currentTimeMillis();
                agent.start();
                ProbeLog.Change echoed = probe.await("echoed", started, Duration.ofSeconds(20));
                ProbeLog.Change accepted = probe.firstServedAfter(started);
                return new Restart(
                        (accepted.epochMillis() - started) / 1000.0,
                        (echoed.epochMillis() - started) / 1000.0,
                        whileDead.equals("echoed"));
            } finally {
                probe.close();
            }
        }
    }
}
