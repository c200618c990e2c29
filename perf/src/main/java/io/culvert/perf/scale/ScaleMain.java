package io.culvert.perf.scale;

import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshListener;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.Policy;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.xds.ControlChannels;
import io.culvert.core.xds.ControlEndpoint;
import io.culvert.core.xds.DeltaXdsClient;
import io.culvert.core.xds.XdsNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The agent's part of {@code scale}: takes a whole mesh from a {@link ScaleFeeder}, which it starts, then single
 * changes, and prints what that took as one line of JSON. To be started with the flags of the agent.
 */
public final class ScaleMain {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final MeshSize size;
    private final MeshStore store = new MeshStore();

    private ScaleMain(MeshSize size) {
        this.size = size;
    }

    /** Numbers of workloads, services, policies, changes, and changes a second; without them, those of the target. */
    public static void main(String[] args) throws Exception {
        Path directory = Files.createTempDirectory("culvert-scale");
        try {
            System.out.println(new ScaleMain(MeshSize.parse(Arrays.asList(args))).run(directory));
        } finally {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(directory);
        }
    }

    /** When changes were seen, against the time that they say they were sent at. Told on the client's thread. */
    private static final class Watch implements MeshListener {
        final long[] nanos;
        final CountDownLatch all;
        private int seen;

        Watch(int changes) {
            nanos = new long[changes];
            all = new CountDownLatch(changes);
        }

        @Override
        public void onChanged(MeshState before, MeshState after, MeshDelta delta) {
            long now = System.nanoTime();
            for (String uid : delta.workloads()) {
                Workload workload = after.workload(uid);
                took(workload == null ? "" : workload.hostname(), now);
            }
            for (String key : delta.services()) {
                Service service = after.service(key);
                took(
                        service == null || service.subjectAltNames().isEmpty()
                                ? ""
                                : service.subjectAltNames().getFirst(),
                        now);
            }
            for (String key : delta.policies()) {
                Policy policy = after.policy(key);
                took(policy == null ? "" : mark(policy), now);
            }
        }

        private static String mark(Policy policy) {
            return policy.source()
                    .getRulesList()
                    .getLast()
                    .getClauses(0)
                    .getMatches(0)
                    .getNamespaces(0)
                    .getExact();
        }

        private void took(String mark, long now) {
            if (mark.startsWith(ScaleFeeder.MARK)) {
                nanos[seen++] = now - Long.parseLong(mark.substring(ScaleFeeder.MARK.length()));
                all.countDown();
            }
        }

        double millis(double quantile) {
            long[] sorted = nanos.clone();
            Arrays.sort(sorted);
            return sorted[(int) Math.min(sorted.length - 1, Math.ceil(quantile * sorted.length))] / 1e6;
        }
    }

    private String run(Path directory) throws Exception {
        Path socket = directory.resolve("xds");
        Process feeder = startFeeder(socket);
        try (ControlChannels channels = new ControlChannels();
                DeltaXdsClient client = new DeltaXdsClient(
                        channels.open(new ControlEndpoint.Unix(socket)),
                        null,
                        XdsNode.standalone(MeshGenerator.node(0), "Kubernetes", ""),
                        store,
                        directory.resolve("mesh-state"),
                        InstantSource.system())) {
            long empty = heapAfterCollection();
            PauseLog pauses = PauseLog.start(directory.resolve("safepoints"));
            long begin = System.nanoTime();
            ThreadTimes cpuBegin = ThreadTimes.now();
            client.start();
            client.ready().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            double applySeconds = (System.nanoTime() - begin) / 1e9;
            ThreadTimes cpu = ThreadTimes.now().since(cpuBegin);
            PauseLog.Pauses whileApplying = pauses.next();
            check();
            Watch watch = new Watch(size.changes());
            store.addListener(watch);
            OutputStream commands = feeder.getOutputStream();
            commands.write('\n');
            commands.flush();
            if (!watch.all.await(PATIENCE.toSeconds() + size.changes() / size.perSecond(), TimeUnit.SECONDS)) {
                throw new IllegalStateException(watch.all.getCount() + " of " + size.changes()
                        + " changes never came; the feeder's errors stand above");
            }
            PauseLog.Pauses whileChanging = pauses.next();
            long resident = residentBytes();
            long full = heapAfterCollection();
            return json(applySeconds, cpu, full - empty, resident, watch, whileApplying, whileChanging, pauses.next());
        } finally {
            feeder.destroy();
            feeder.waitFor();
        }
    }

    private void check() {
        MeshState state = store.current();
        if (state.workloads().size() != size.workloads()
                || state.services().size() != size.services()
                || state.policies().size() != size.policies()) {
            throw new IllegalStateException("the state has " + state.workloads().size() + " workloads, "
                    + state.services().size() + " services, "
                    + state.policies().size() + " policies: not what was sent");
        }
    }

    private String json(
            double applySeconds,
            ThreadTimes cpu,
            long heapBytes,
            long resident,
            Watch watch,
            PauseLog.Pauses whileApplying,
            PauseLog.Pauses whileChanging,
            PauseLog.Pauses collection) {
        return String.format(
                Locale.ROOT,
                "{\"workloads\":%d,\"services\":%d,\"policies\":%d,\"apply_s\":%.3f,\"apply_cpu_s\":%.2f,"
                        + "\"apply_collector_cpu_s\":%.2f,\"apply_compiler_cpu_s\":%.2f,\"heap_mib\":%.1f,"
                        + "\"kib_per_workload\":%.3f,\"rss_mib\":%.0f,\"changes\":%d,\"change_p50_ms\":%.3f,"
                        + "\"change_p99_ms\":%.3f,\"change_max_ms\":%.3f,\"longest_pause_ms\":%.3f,"
                        + "\"apply_pause_ms\":%.3f,\"apply_pause_cause\":\"%s\",\"apply_paused_s\":%.3f,"
                        + "\"change_pause_ms\":%.3f,\"change_pause_cause\":\"%s\",\"full_collection_ms\":%.0f,"
                        + "\"jvm\":\"%s\",\"flags\":\"%s\"}",
                size.workloads(),
                size.services(),
                size.policies(),
                applySeconds,
                cpu.collector() + cpu.compiler() + cpu.rest(),
                cpu.collector(),
                cpu.compiler(),
                heapBytes / 1048576.0,
                heapBytes / 1024.0 / size.workloads(),
                resident / 1048576.0,
                size.changes(),
                watch.millis(0.5),
                watch.millis(0.99),
                watch.millis(1),
                Math.max(whileApplying.longestMillis(), whileChanging.longestMillis()),
                whileApplying.longestMillis(),
                whileApplying.cause(),
                whileApplying.totalMillis() / 1e3,
                whileChanging.longestMillis(),
                whileChanging.cause(),
                collection.longestMillis(),
                Runtime.version(),
                flags());
    }

    /** Those that bear on memory and pauses. */
    private static String flags() {
        return String.join(
                " ",
                ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                        .filter(flag -> flag.startsWith("-X"))
                        .map(flag -> flag.replace("\\", "/").replace("\"", "'"))
                        .toList());
    }

    /** Bytes that are in use when everything unreachable is gone. */
    private static long heapAfterCollection() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        return 0;
    }

    private Process startFeeder(Path socket) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xms1g",
                "-cp",
                System.getProperty("java.class.path"),
                ScaleFeeder.class.getName(),
                socket.toString()));
        command.addAll(size.arguments());
        Process feeder = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out = new BufferedReader(new InputStreamReader(feeder.getInputStream(), StandardCharsets.UTF_8));
        if (!"ready".equals(out.readLine())) {
            feeder.destroy();
            throw new IOException("the feeder did not start; its errors stand above");
        }
        return feeder;
    }
}
