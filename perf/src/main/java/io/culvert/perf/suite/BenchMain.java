package io.culvert.perf.suite;

import io.culvert.lab.LabException;
import io.culvert.perf.report.Reports;
import io.culvert.perf.result.BenchRun;
import io.culvert.perf.result.Row;
import io.culvert.perf.result.Series;
import io.culvert.perf.result.Target;
import io.culvert.perf.result.Verdict;
import io.culvert.perf.result.Verdicts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code culvert bench run} and {@code quick}: measures the mesh beside its peers. */
@Command(
        name = "culvert bench run",
        mixinStandardHelpOptions = true,
        description = "Measures the mesh beside its peers in one run: rounds in turn, medians, intervals, verdicts.")
public final class BenchMain implements Callable<Integer> {
    private static final String PLAIN = "plain";

    @Option(
            names = "--suite",
            split = ",",
            defaultValue = PLAIN,
            description = "what to measure, one after another (default: ${DEFAULT-VALUE})")
    private List<String> suites = List.of();

    @Option(
            names = "--topology",
            split = ",",
            defaultValue = "tunnel,same-node,relay,waypoint",
            description =
                    "tunnel, same-node, relay, waypoint (default: ${DEFAULT-VALUE}); direct is always beside them")
    private List<String> topologies = List.of();

    @Option(
            names = "--peers",
            split = ",",
            defaultValue =
                    "haproxy-tls,haproxy-http,haproxy-tcp,nginx,envoy,waypoint-envoy,waypoint-haproxy,waypoint-nginx,"
                            + "culvert-classical",
            description =
                    "of ${DEFAULT-VALUE},culvert-io-uring; \"none\" for none (default: all but the last). Each stands in the"
                            + " topologies that it is made for, waypoint-* in the waypoint's place. culvert-* are two more"
                            + " nodes of the mesh, whose agents agree on keys as the peers do, by X25519 alone, or carry"
                            + " sockets by io_uring")
    private List<String> peers = List.of();

    @Option(names = "--peer", description = "a proxy of your own, NAME=SCRIPT; the contract is in perf/src/main/peers")
    private Map<String, Path> own = new LinkedHashMap<>();

    @Option(
            names = "--load",
            split = ",",
            description = "only these loads (their names are in the report), istio's or ztunnel's")
    private List<String> only = List.of();

    @Option(names = "--cross-check", description = "other load programs beside ours: wrk, h2load, fortio, iperf3")
    private boolean crossCheck;

    @Option(
            names = "--rotations",
            defaultValue = "9",
            description = "rounds of each variant (default: ${DEFAULT-VALUE})")
    private int rotations;

    @Option(names = "--seconds", defaultValue = "4", description = "length of a round (default: ${DEFAULT-VALUE})")
    private double seconds;

    @Option(
            names = "--warm-up",
            defaultValue = "30",
            description = "seconds of each load before the first round, a third for the peers (default:"
                    + " ${DEFAULT-VALUE})")
    private double warmUp;

    @Option(
            names = "--quick",
            description = "three rotations of 1.5 s, the tunnel beside haproxy-tls unless told otherwise: no verdicts")
    private boolean quick;

    @Option(names = "--out", defaultValue = "bench-report", description = "directory of the report")
    private Path out = Path.of("bench-report");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** Runs with these arguments; the status is 0 when every row is met, 1 when not, 64 for bad usage. */
    public static int run(List<String> arguments) {
        return new CommandLine(new BenchMain())
                .setExitCodeExceptionMapper(e -> e instanceof LabException ? 69 : 70)
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    if (!(e instanceof LabException)) {
                        throw e;
                    }
                    System.err.println("culvert bench: " + e.getMessage());
                    return 69;
                })
                .execute(arguments.toArray(String[]::new));
    }

    @Override
    public Integer call() throws IOException {
        if (quick) {
            beQuick(spec.commandLine().getParseResult());
        }
        if (crossCheck && !suites.contains(CrossCheck.NAME)) {
            suites = Stream.concat(suites.stream(), Stream.of(CrossCheck.NAME)).toList();
        }
        List<Suite> others = suites.stream()
                .filter(name -> !name.equals(PLAIN))
                .map(Suites::of)
                .toList();
        Session session = new Session(rotations, seconds, warmUp, quick, tunnelPeers(), cache(), BenchMain::say);
        List<Series> series = new ArrayList<>();
        if (suites.contains(PLAIN)) {
            series.addAll(plain(session));
            series.addAll(Failures.of(PLAIN, series));
        }
        for (Suite suite : others) {
            List<Series> measured = suite.measure(session);
            series.addAll(measured);
            series.addAll(Failures.of(suite.name(), measured));
        }
        BenchRun run = new BenchRun(
                EnvironmentReader.read(session.versions()),
                quick,
                series,
                session.gaps(),
                Verdicts.judge(targets(), series, quick));
        Files.createDirectories(out);
        Reports.write(run, out).forEach(file -> say("wrote " + file));
        run.rows().forEach(row -> say(text(row)));
        run.gaps().forEach(gap -> say("GAP " + gap));
        boolean met = run.gaps().isEmpty()
                && run.rows().stream()
                        .allMatch(row -> row.verdict() == Verdict.MET || row.verdict() == Verdict.NOT_MEASURED);
        return met || (quick && run.gaps().isEmpty()) ? 0 : 1;
    }

    /** Shortens what the user did not choose. */
    private void beQuick(ParseResult asked) {
        rotations = asked.hasMatchedOption("--rotations") ? rotations : 3;
        seconds = asked.hasMatchedOption("--seconds") ? seconds : 1.5;
        warmUp = asked.hasMatchedOption("--warm-up") ? warmUp : 2;
        topologies = asked.hasMatchedOption("--topology") ? topologies : List.of("tunnel");
        peers = asked.hasMatchedOption("--peers") ? peers : List.of("haproxy-tls");
    }

    private List<Target> targets() {
        List<Target> targets = new ArrayList<>();
        for (String suite : suites) {
            if (suite.equals(PLAIN)) {
                targets.addAll(Targets.all());
            }
            targets.addAll(SuiteTargets.of(suite));
        }
        return targets;
    }

    private List<Series> plain(Session session) throws IOException {
        List<Series> series = new ArrayList<>();
        try (Cluster cluster = Cluster.start(tunnelPeers(), nearPeers(), waypointPeers(), others(), Map.of(), cache());
                LoadProgram program = LoadProgram.drive()) {
            Plain plain = new Plain(cluster, program, BenchMain::say);
            for (String topology : topologies) {
                List<Variant> variants = cluster.variants(topology);
                List<Load> loads = Load.of(topology, only);
                plain.warmUp(variants, loads, warmUp);
                for (Load load : loads) {
                    series.addAll(plain.measure(variants, load, rotations, seconds));
                }
            }
            session.versions().putAll(cluster.versions());
            session.gaps().addAll(plain.gaps());
        }
        return series;
    }

    private Map<String, Path> tunnelPeers() {
        Map<String, Path> scripts = new LinkedHashMap<>();
        for (String peer : peers) {
            boolean relay = peer.equals("haproxy-tcp");
            if (!peer.equals("none")
                    && !OtherMesh.isOne(peer)
                    && !peer.startsWith(WaypointPlace.PREFIX)
                    && topologies.contains(relay ? "relay" : "tunnel")) {
                scripts.put(peer, Scripts.of(peer));
            }
        }
        own.forEach((name, script) -> {
            if (!name.startsWith(WaypointPlace.PREFIX)) {
                scripts.put(name, script);
            }
        });
        return scripts;
    }

    /** Null without that topology: no waypoint shall run beside what is measured. */
    private @Nullable Map<String, Path> waypointPeers() {
        if (!topologies.contains(WaypointPlace.TOPOLOGY)) {
            return null;
        }
        Map<String, Path> scripts = new LinkedHashMap<>();
        for (String peer : peers) {
            if (peer.startsWith(WaypointPlace.PREFIX)) {
                scripts.put(peer, Scripts.of(peer));
            }
        }
        own.forEach((name, script) -> {
            if (name.startsWith(WaypointPlace.PREFIX)) {
                scripts.put(name, script);
            }
        });
        return scripts;
    }

    private List<OtherMesh> others() {
        return topologies.contains("tunnel") ? OtherMesh.among(peers) : List.of();
    }

    private Map<String, Path> nearPeers() {
        Map<String, Path> scripts = new LinkedHashMap<>();
        if (topologies.contains("same-node") && peers.contains("haproxy-tcp")) {
            scripts.put("haproxy-tcp", Scripts.of("haproxy-tcp"));
        }
        return scripts;
    }

    private static Path cache() {
        return Launch.script().resolveSibling("dist").resolve("peers");
    }

    private static String text(Row row) {
        return String.format(
                Locale.ROOT,
                "%-60s %.3f [%.3f..%.3f] bound %.2f %s %s",
                row.target().title(),
                row.value(),
                row.low(),
                row.high(),
                row.target().bound(),
                row.verdict(),
                row.why());
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
