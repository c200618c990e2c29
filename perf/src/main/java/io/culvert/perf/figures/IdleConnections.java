package io.culvert.perf.figures;

import io.culvert.lab.Lab;
import io.culvert.lab.LabNode;
import io.culvert.lab.LabOptions;
import io.culvert.perf.suite.Launch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Memory of 10,000 idle tunnelled connections in either agent, above its resident set when idle. */
final class IdleConnections implements Figure {
    private static final int COUNT = 10_000;
    private static final int KIB_EACH = 12;
    private static final long SETTLE_MILLIS = 8_000;

    @Override
    public String name() {
        return "idle";
    }

    @Override
    public String title() {
        return "10,000 idle tunnelled connections";
    }

    @Override
    public List<Row> measure(Consumer<String> progress) throws Exception {
        try (Lab lab = Lab.start(Bench.pairs(), LabOptions.mesh(Launch.shipped()))) {
            Bench.ready(lab);
            Thread.sleep(SETTLE_MILLIS);
            List<Long> before = rss(lab);
            try (PodDialogue holder = PodDialogue.start(
                    lab.pod("client.mesh"),
                    "hold",
                    lab.pod("server.mesh").ip4(),
                    Integer.toString(Bench.ECHO_PORT),
                    Integer.toString(COUNT))) {
                progress.accept("opened " + holder.answer());
                Thread.sleep(SETTLE_MILLIS);
                List<Long> after = rss(lab);
                String checked = holder.ask();
                progress.accept("checked " + checked);
                return rows(lab, before, after, checked);
            }
        }
    }

    private static List<Long> rss(Lab lab) throws Exception {
        List<Long> bytes = new ArrayList<>();
        for (LabNode node : lab.nodes()) {
            bytes.add(Bench.rss(node.agent().pid()));
        }
        return bytes;
    }

    private static List<Row> rows(Lab lab, List<Long> before, List<Long> after, String checked) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < before.size(); i++) {
            double kib = (after.get(i) - before.get(i)) / 1024.0 / COUNT;
            rows.add(new Row(
                    "memory per connection, agent of " + lab.nodes().get(i).name(),
                    String.format(
                            Locale.ROOT, "%.1f KiB (RSS %d -> %d MiB)", kib, before.get(i) >> 20, after.get(i) >> 20),
                    "<= " + KIB_EACH + " KiB",
                    kib <= KIB_EACH));
        }
        double open = Bench.number(checked, "", "open");
        rows.add(new Row(
                "connections that still answer",
                Long.toString(Math.round(open)),
                Integer.toString(COUNT),
                open == COUNT));
        return rows;
    }
}
