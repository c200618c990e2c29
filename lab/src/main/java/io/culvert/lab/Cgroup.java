package io.culvert.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A cgroup (version 2) of a pod's processes: rules can match on it, and the kernel ends all of its processes at once.
 * Machines without a mounted hierarchy run without. Immutable.
 */
record Cgroup(Path path) {
    /** Makes the cgroup of the pod with {@code uid} in the run with process id {@code run}, named as kubelet does. */
    static Optional<Cgroup> create(long run, String uid) {
        return mountPoint().map(root -> {
            Path path = top(root, run).resolve("pod" + uid);
            try {
                Files.createDirectories(path);
            } catch (IOException e) {
                throw new LabException("cannot make the cgroup " + path, e);
            }
            return new Cgroup(path);
        });
    }

    /** Ends all processes of the run with process id {@code run} that are in cgroups, and removes those. */
    static void removeRun(long run) {
        mountPoint().map(root -> top(root, run)).ifPresent(path -> {
            try (Stream<Path> pods = Files.exists(path) ? Files.list(path) : Stream.empty()) {
                pods.filter(Files::isDirectory).forEach(p -> new Cgroup(p).remove());
                Files.deleteIfExists(path);
            } catch (IOException e) {
                // A process is still leaving: an empty cgroup costs nothing, and the next run tries again.
            }
        });
    }

    /** Prefixes a command line so that it runs in this cgroup. */
    List<String> wrap(List<String> argv) {
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", "echo 0 > \"$0\"/cgroup.procs; exec \"$@\"", path.toString()));
        command.addAll(argv);
        return command;
    }

    /** Ends its processes by SIGKILL and removes it; it may need a second call when they are slow to go. */
    void remove() {
        try {
            Files.writeString(path.resolve("cgroup.kill"), "1");
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // Gone already, or a process is on its way out.
        }
    }

    private static Path top(Path root, long run) {
        return root.resolve("kubepods-cv" + run);
    }

    private static Optional<Path> mountPoint() {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            return mounts.map(line -> line.split(" "))
                    .filter(fields -> fields[2].equals("cgroup2") && fields[3].startsWith("rw"))
                    .map(fields -> Path.of(fields[1]))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
