package io.culvert.perf.figures;

import io.culvert.lab.Lab;
import io.culvert.lab.LabOptions;
import io.culvert.lab.LabPod;
import io.culvert.perf.suite.Launch;
import io.culvert.perf.suite.Restart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** An agent ended by SIGKILL under load: its pods fail closed meanwhile, and it serves again soon after its restart. */
final class AgentKill implements Figure {
    private static final int CONNECTIONS = 16;
    private static final int TIMES = 3;
    private static final double SECONDS = 2.0;

    @Override
    public String name() {
        return "kill";
    }

    @Override
    public String title() {
        return "agent killed with SIGKILL under load";
    }

    @Override
    public List<Row> measure(Consumer<String> progress) throws Exception {
        try (Lab lab = Lab.start(Bench.pairs(), LabOptions.mesh(Launch.shipped()))) {
            Bench.ready(lab);
            LabPod client = lab.pod("client.mesh");
            LabPod server = lab.pod("server.mesh");
            List<Double> served = new ArrayList<>();
            int leaks = 0;
            int inboundLeaks = 0;
            for (int i = 0; i < TIMES; i++) {
                PodProgram load = PodProgram.start(
                        client,
                        "load",
                        server.ip4(),
                        Integer.toString(Bench.ECHO_PORT),
                        "500",
                        Integer.toString(CONNECTIONS),
                        "1024",
                        "0",
                        "4");
                // The kill must hit flowing traffic: all connections of the load are the agent's.
                Bench.await(
                        "load flows",
                        Duration.ofSeconds(10),
                        () -> lab.node("node-1")
                                        .agent()
                                        .admin("/connections")
                                        .split(":" + Bench.ECHO_PORT + "\"", -1)
                                        .length
                                > CONNECTIONS);
                Restart restart = Restart.measure(lab.node("node-1").agent(), client, server, true);
                served.add(restart.echoedSeconds());
                leaks += restart.leaked() ? 1 : 0;
                load.close();
                inboundLeaks += inboundLeak(lab) ? 1 : 0;
                progress.accept("kill " + (i + 1) + ": " + restart);
            }
            return List.of(
                    new Row(
                            "restart to first byte through the tunnel, " + TIMES + " kills",
                            Bench.spread(served, "s"),
                            "<= 2 s",
                            served.stream().allMatch(s -> s <= SECONDS)),
                    new Row("outbound connections let through while dead", Integer.toString(leaks), "0", leaks == 0),
                    new Row(
                            "plaintext connections let in while dead",
                            Integer.toString(inboundLeaks),
                            "0",
                            inboundLeaks == 0));
        }
    }

    /** Kills the server's agent, tries from the plain namespace, and starts the agent again. */
    private static boolean inboundLeak(Lab lab) throws Exception {
        var agent = lab.node("node-2").agent();
        agent.kill();
        boolean let = lab.pod("client.plain")
                .exec(
                        Duration.ofSeconds(10),
                        "nc",
                        "-z",
                        "-w",
                        "3",
                        lab.pod("server.mesh").ip4(),
                        Integer.toString(Bench.ECHO_PORT))
                .ok();
        agent.start();
        Bench.await("agent of node-2 is ready", Duration.ofSeconds(20), agent::ready);
        return let;
    }
}
