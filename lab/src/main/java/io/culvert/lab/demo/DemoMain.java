package io.culvert.lab.demo;

import io.culvert.lab.Detached;
import io.culvert.lab.Lab;
import io.culvert.lab.LabException;
import io.culvert.lab.LabMain;
import io.culvert.lab.LabOptions;
import io.culvert.lab.LabServer;
import io.culvert.lab.Launchers;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** {@code culvert demo}: brings the demo's cluster up, tries every promise, and shows who talks to whom. */
public final class DemoMain {
    private static final Duration UP = Duration.ofSeconds(90);
    private static final String USAGE = "usage: culvert demo [--keep]";

    private DemoMain() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /** Runs the demo; the status is 0 only when every check held. */
    public static int run(String... arguments) {
        List<String> options = List.of(arguments);
        try {
            if (options.isEmpty()) {
                return alone();
            }
            if (options.equals(List.of("--keep"))) {
                return Detached.start(DemoMain.class, List.of("--keep", "--detached"));
            }
            if (options.equals(List.of("--keep", "--detached"))) {
                keep();
                return 0;
            }
        } catch (LabException e) {
            System.out.println("culvert demo: " + e.getMessage());
            return 1;
        }
        System.err.println(USAGE + "\n  --keep  leaves the cluster running, to look around");
        return options.contains("--help") || options.contains("-h") ? 0 : 64;
    }

    private static int alone() {
        long start = System.nanoTime();
        try (Lab lab = up()) {
            return checks(lab, start);
        }
    }

    private static void keep() {
        long start = System.nanoTime();
        try (Lab lab = up();
                LabServer server = new LabServer(lab)) {
            int status = checks(lab, start);
            System.out.println("\nThe cluster keeps running. " + LabMain.hint(lab));
            Detached.release(status, lab.directory().resolve("lab.log"));
            server.awaitDown();
        }
    }

    private static Lab up() {
        System.out.println("Culvert demo: two nodes, two namespaces, eight pods of real programs, a waypoint\n");
        LabOptions options = LabOptions.mesh(Launchers.find()).withProgress(line -> System.out.println("  " + line));
        return Lab.start(DemoCluster.withWaypoint(), options);
    }

    private static int checks(Lab lab, long start) {
        DemoCluster cluster = new DemoCluster(lab);
        lab.awaitReady(UP);
        cluster.awaitEnrolled();
        System.out.printf("  up and enrolled after %.1f s%n%n", seconds(start));
        int failed = 0;
        for (Check check : all(cluster)) {
            failed += run(check) ? 0 : 1;
        }
        try {
            System.out.println("\n" + EdgeTable.measure(cluster));
        } catch (IOException | LabException e) {
            System.out.println("the edges could not be measured: " + e);
            failed++;
        }
        System.out.printf(
                "%s; %.1f s in all%n",
                failed == 0 ? "every promise held" : failed + " of the checks above failed", seconds(start));
        return failed == 0 ? 0 : 1;
    }

    /** The checks in the order that they need: the capture first, before any tunnel is up. */
    static List<Check> all(DemoCluster cluster) {
        return List.of(
                new EncryptedLink(cluster),
                new UnchangedTraffic(cluster),
                new MutualIdentity(cluster),
                new ClientAddress(cluster),
                new StrictRefusesPlaintext(cluster),
                new PolicyRefusesIdentity(cluster),
                new LiveEnrolment(cluster),
                new CanaryRelease(cluster),
                new HiddenFailures(cluster),
                new EjectedPod(cluster),
                new InjectedFault(cluster),
                new MirroredRequests(cluster));
    }

    private static boolean run(Check check) {
        try {
            String measured = check.run();
            System.out.printf("  ok    %s%n        %s%n", check.title(), measured);
            return true;
        } catch (CheckFailure | LabException | IOException e) {
            System.out.printf("  FAIL  %s%n        %s%n", check.title(), e.getMessage());
            return false;
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
