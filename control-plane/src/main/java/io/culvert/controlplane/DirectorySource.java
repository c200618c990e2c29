package io.culvert.controlplane;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The YAML and JSON files of a directory and what is below it. A file is read when it has been quiet for a moment, so one
 * that is being written is not taken for half of itself; a file renamed into place is read after that moment too. Hidden
 * files and directories are left out. What cannot be read keeps its last text and is named, the directory itself too.
 *
 * <p>One virtual thread watches and, because the kernel's queue may overflow and some file systems do not tell, looks at
 * everything every few seconds.
 */
final class DirectorySource implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DirectorySource.class);

    private final Path root;
    private final SourceListener listener;
    private final SourceTiming timing;
    private final InstantSource clock;
    private final WatchService watcher;
    private @Nullable Thread thread;

    // Owned by the thread that starts it, then by the source's own.
    private final Map<WatchKey, Path> watched = new HashMap<>();
    /** What was read last of each file, by its name relative to the root. */
    private final Map<String, SourceFile.Text> known = new HashMap<>();

    private final Map<String, String> faults = new TreeMap<>();
    /** Files to look at, to the nanosecond at which. */
    private final Map<Path, Long> suspects = new LinkedHashMap<>();

    private Map<String, @Nullable String> batch = new HashMap<>();
    private boolean faultsChanged;
    private long nextScan;

    DirectorySource(Path root, SourceListener listener, SourceTiming timing, InstantSource clock) throws IOException {
        this.root = root.toAbsolutePath().normalize();
        this.listener = listener;
        this.timing = timing;
        this.clock = clock;
        watcher = this.root.getFileSystem().newWatchService();
    }

    /** Reads all there is, tells the listener on this thread, and begins to watch. */
    void start() {
        scan();
        deliver(true);
        thread = Thread.ofVirtual().name("config-source").start(this::run);
    }

    private void run() {
        try {
            while (true) {
                WatchKey key = watcher.poll(patience().toNanos(), TimeUnit.NANOSECONDS);
                while (key != null) {
                    onEvents(key);
                    key = watcher.poll();
                }
                lookAtDue();
                if (System.nanoTime() - nextScan >= 0) {
                    scan();
                }
                deliver(false);
            }
        } catch (ClosedWatchServiceException e) {
            LOG.debug("source of {} closed", root, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration patience() {
        long until = nextScan;
        for (long due : suspects.values()) {
            until = due - until < 0 ? due : until;
        }
        return Duration.ofNanos(Math.max(1, until - System.nanoTime()));
    }

    private void onEvents(WatchKey key) {
        Path directory = watched.get(key);
        for (WatchEvent<?> event : key.pollEvents()) {
            if (directory == null || !(event.context() instanceof Path name)) {
                // The queue overflowed.
                scanSoon();
                continue;
            }
            Path path = directory.resolve(name);
            if (SourceFile.isWanted(path)) {
                suspect(path);
            } else if (!event.kind().equals(StandardWatchEventKinds.ENTRY_MODIFY)) {
                // A directory came or went, or a link over which files are reached was swapped.
                scanSoon();
            }
        }
        if (!key.reset()) {
            watched.remove(key);
            scanSoon();
        }
    }

    private void scanSoon() {
        long soon = System.nanoTime() + timing.settle().toNanos();
        nextScan = soon - nextScan < 0 ? soon : nextScan;
    }

    private void suspect(Path file) {
        suspects.put(file, System.nanoTime() + timing.settle().toNanos());
    }

    private void lookAtDue() {
        long now = System.nanoTime();
        for (Map.Entry<Path, Long> suspect : Map.copyOf(suspects).entrySet()) {
            if (now - suspect.getValue() >= 0) {
                suspects.remove(suspect.getKey());
                look(suspect.getKey());
            }
        }
    }

    private void look(Path file) {
        String name = root.relativize(file).toString();
        SourceFile.Text last = known.get(name);
        SourceFile.Stamp stamp = last == null || faults.containsKey(name) ? null : last.stamp();
        switch (SourceFile.look(file, stamp, timing, clock.instant())) {
            case SourceFile.Same() -> {}
            case SourceFile.Unsettled() -> suspect(file);
            case SourceFile.Absent() -> absent(name);
            case SourceFile.Broken(String reason) -> fault(name, reason);
            case SourceFile.Text text -> {
                fault(name, null);
                if (last == null || !Arrays.equals(last.digest(), text.digest())) {
                    batch.put(name, text.text());
                }
                // The text itself is the compiler's.
                known.put(name, new SourceFile.Text(text.stamp(), text.digest(), ""));
            }
        }
    }

    private void absent(String name) {
        fault(name, null);
        if (known.remove(name) != null) {
            batch.put(name, null);
        }
    }

    private void fault(String name, @Nullable String reason) {
        String before = reason == null ? faults.remove(name) : faults.put(name, reason);
        if (reason != null && !reason.equals(before)) {
            LOG.warn("{} {}; its last good text stays in force", root.resolve(name), reason);
        }
        faultsChanged |= reason == null ? before != null : !reason.equals(before);
    }

    /** Looks at everything. */
    private void scan() {
        nextScan = System.nanoTime() + timing.rescan().toNanos();
        DirectoryScan scan = DirectoryScan.of(root);
        Set.copyOf(watched.values()).forEach(directory -> {
            if (!scan.directories().contains(directory)) {
                watched.entrySet().removeIf(e -> {
                    if (e.getValue().equals(directory)) {
                        e.getKey().cancel();
                        return true;
                    }
                    return false;
                });
            }
        });
        for (Path directory : scan.directories()) {
            watch(directory);
        }
        for (Path directory : scan.unreadable().keySet()) {
            fault(root.relativize(directory).toString(), scan.unreadable().get(directory));
        }
        Set.copyOf(faults.keySet()).forEach(name -> {
            Path path = root.resolve(name).normalize();
            if (!SourceFile.isWanted(path) && !scan.unreadable().containsKey(path)) {
                fault(name, null);
            }
        });
        scan.files().forEach(this::look);
        for (String name : Set.copyOf(known.keySet())) {
            Path file = root.resolve(name);
            if (!scan.files().contains(file) && !scan.isUnder(file)) {
                absent(name);
            }
        }
    }

    private void watch(Path directory) {
        if (watched.containsValue(directory)) {
            return;
        }
        try {
            watched.put(
                    directory.register(
                            watcher,
                            StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_MODIFY,
                            StandardWatchEventKinds.ENTRY_DELETE),
                    directory);
        } catch (IOException e) {
            LOG.warn(
                    "{} cannot be watched ({}); changes in it are seen every {} s only",
                    directory,
                    e.toString(),
                    timing.rescan().toSeconds());
        }
    }

    private void deliver(boolean always) {
        if (always || faultsChanged || !batch.isEmpty()) {
            Map<String, @Nullable String> files = batch;
            batch = new HashMap<>();
            faultsChanged = false;
            listener.onChanged(files, Map.copyOf(faults));
        }
    }

    @Override
    public void close() {
        try {
            watcher.close();
        } catch (IOException e) {
            LOG.debug("closing the watch of {}", root, e);
        }
        if (thread != null) {
            thread.interrupt();
        }
    }
}
