package io.culvert.agent;

import io.culvert.core.lifecycle.Component;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where agents say that they run on this machine, one small file each, so that {@code culvert status} finds them
 * without being told: their admin ports listen on the localhost of their own network namespace. As a component it is
 * the entry of one agent.
 */
final class RunningAgents implements Component {
    private static final Logger LOG = LoggerFactory.getLogger(RunningAgents.class);
    static final Path DIRECTORY = Path.of("/run/culvert/agents");

    /** An agent that runs: its admin port is on localhost in the network namespace of process {@code pid}. */
    record Entry(String node, long pid, int adminPort) {
        Path networkNamespace() {
            return Path.of("/proc/" + pid + "/ns/net");
        }
    }

    private final Path file;
    private final String node;
    private final IntSupplier adminPort;

    RunningAgents(Path directory, String node, IntSupplier adminPort) {
        this.file = directory.resolve(ProcessHandle.current().pid() + ".properties");
        this.node = node;
        this.adminPort = adminPort;
    }

    @Override
    public String name() {
        return "entry in " + file.getParent();
    }

    /** Without the entry only {@code culvert status} has to be told where: no reason not to start. */
    @Override
    public void start() {
        Properties entry = new Properties();
        entry.setProperty("node", node);
        entry.setProperty("admin", Integer.toString(adminPort.getAsInt()));
        entry.setProperty("start", startOf(ProcessHandle.current()));
        try {
            Files.createDirectories(file.getParent());
            try (var out = Files.newBufferedWriter(file)) {
                entry.store(out, null);
            }
        } catch (IOException e) {
            LOG.info("culvert status will not find this agent by itself: cannot write {}: {}", file, e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.debug("cannot delete {}", file, e);
        }
    }

    /** The agents that run now, by node; entries of processes that are gone are skipped. */
    static List<Entry> list(Path directory) {
        List<Entry> found = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try (Stream<Path> files = Files.list(directory)) {
            files.forEach(file -> read(file, found));
        } catch (IOException e) {
            LOG.debug("cannot list {}", directory, e);
        }
        found.sort(Comparator.comparing(Entry::node).thenComparingLong(Entry::pid));
        return found;
    }

    private static void read(Path file, List<Entry> found) {
        try (var in = Files.newBufferedReader(file)) {
            Properties entry = new Properties();
            entry.load(in);
            String name = file.getFileName().toString();
            long pid = Long.parseLong(name.substring(0, Math.max(0, name.indexOf('.'))));
            int port = Integer.parseInt(entry.getProperty("admin", ""));
            ProcessHandle.of(pid)
                    .filter(p -> startOf(p).equals(entry.getProperty("start")))
                    .ifPresent(_ -> found.add(new Entry(entry.getProperty("node", "?"), pid, port)));
        } catch (IOException | RuntimeException e) {
            LOG.debug("{} is no entry of an agent", file, e);
        }
    }

    /** A pid alone may have been given to another process since. */
    private static String startOf(ProcessHandle process) {
        return process.info().startInstant().map(Object::toString).orElse("");
    }
}
