package io.culvert.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Removes what runs made that did not end in order: told by the process id in the names, when that process is gone. */
final class Leftovers {
    private static final Pattern NAME = Pattern.compile("cv(\\d+)-.*");
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private Leftovers() {}

    /** Removes the leftovers of all dead runs and tells {@code report} about each. */
    static void sweep(Consumer<String> report) {
        Set<Long> dead = new TreeSet<>();
        for (String name : namesIn(Netns.DIRECTORY)) {
            Matcher matcher = NAME.matcher(name);
            if (matcher.matches()) {
                addIfDead(Long.parseLong(matcher.group(1)), dead);
            }
        }
        for (String name : namesIn(RunDirectory.ROOT)) {
            if (name.matches("\\d+")) {
                addIfDead(Long.parseLong(name), dead);
            }
        }
        for (long pid : dead) {
            report.accept("removing what the run " + pid + " left behind");
            remove(pid);
        }
    }

    /** Ends the processes and removes namespaces, cgroups and files of one run. */
    static void remove(long pid) {
        Cgroup.removeRun(pid);
        String prefix = "cv" + pid + "-";
        List<Netns> namespaces = namesIn(Netns.DIRECTORY).stream()
                .filter(name -> name.startsWith(prefix))
                .map(Netns::new)
                .toList();
        Set<ProcessHandle> processes =
                namespaces.stream().flatMap(Leftovers::processesIn).collect(Collectors.toSet());
        processes.forEach(ProcessHandle::destroyForcibly);
        processes.forEach(Leftovers::awaitEnd);
        namespaces.forEach(Netns::delete);
        Cgroup.removeRun(pid);
        RunDirectory.deleteTree(RunDirectory.ROOT.resolve(Long.toString(pid)));
    }

    private static void addIfDead(long pid, Set<Long> dead) {
        RunDirectory run = new RunDirectory(pid, RunDirectory.ROOT.resolve(Long.toString(pid)));
        if (!run.alive()) {
            dead.add(pid);
        }
    }

    private static Stream<ProcessHandle> processesIn(Netns namespace) {
        ExecResult pids = Command.attempt(List.of("ip", "netns", "pids", namespace.name()), "", PATIENCE);
        return pids.out().lines().map(Long::parseLong).flatMap(pid -> ProcessHandle.of(pid).stream());
    }

    private static void awaitEnd(ProcessHandle process) {
        process.onExit()
                .completeOnTimeout(process, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private static List<String> namesIn(Path directory) {
        try (Stream<Path> files = Files.exists(directory) ? Files.list(directory) : Stream.empty()) {
            return files.map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
