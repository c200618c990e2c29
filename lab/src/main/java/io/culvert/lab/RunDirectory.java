package io.culvert.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * Where one run keeps its files: /run/culvert-lab/PID. The process id is also in the name of everything else that the
 * run makes, so that what a crashed run left can be told from what a live one uses. Immutable.
 */
record RunDirectory(long pid, Path path) {
    static final Path ROOT = Path.of("/run/culvert-lab");

    /** Makes the directory of this process. */
    static RunDirectory create() {
        long pid = ProcessHandle.current().pid();
        RunDirectory run = new RunDirectory(pid, ROOT.resolve(Long.toString(pid)));
        try {
            Files.createDirectories(ROOT);
            // Node tokens are below it.
            Files.createDirectory(
                    run.path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
            Files.writeString(run.owner(), startOf(pid));
            Files.createDirectory(run.config());
            Files.createDirectory(run.tokens());
        } catch (FileAlreadyExistsException e) {
            throw new LabException(run.path + " exists: this process runs a lab already, and can run one at a time", e);
        } catch (IOException e) {
            throw new LabException("cannot make the run directory " + run.path + ": run as root", e);
        }
        return run;
    }

    Netns netns(String name) {
        return new Netns("cv" + pid + "-" + name);
    }

    /** What the controller watches. */
    Path config() {
        return path.resolve("config");
    }

    Path tokens() {
        return path.resolve("tokens");
    }

    Path controlSocket() {
        return path.resolve("control.sock");
    }

    Path node(String node) {
        return directory(path.resolve("nodes").resolve(node));
    }

    Path controller() {
        return directory(path.resolve("controller"));
    }

    Path pod(String namespace, String name) {
        return directory(path.resolve("pods").resolve(namespace + "." + name));
    }

    /** Whether the process that made it still runs (and is not another one with its number). */
    boolean alive() {
        if (ProcessHandle.of(pid).isEmpty()) {
            return false;
        }
        try {
            return Files.readString(owner()).equals(startOf(pid));
        } catch (IOException e) {
            // Just being made, or not ours to judge.
            return true;
        }
    }

    void delete() {
        deleteTree(path);
    }

    static void deleteTree(Path top) {
        try (Stream<Path> files = Files.walk(top)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.deleteIfExists(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            // A process of the run may still be writing; the next run's sweep tries again.
        }
    }

    private Path owner() {
        return path.resolve("owner");
    }

    private static String startOf(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(process -> process.info().startInstant())
                .map(Instant::toString)
                .orElse("unknown");
    }

    private static Path directory(Path path) {
        try {
            return Files.createDirectories(path);
        } catch (IOException e) {
            throw new LabException("cannot make " + path, e);
        }
    }
}
