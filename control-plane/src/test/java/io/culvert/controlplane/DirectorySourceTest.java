package io.culvert.controlplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DirectorySourceTest {
    private static final Duration NEVER = Duration.ofHours(1);

    @TempDir
    private Path directory;

    private final BlockingQueue<Found> found = new LinkedBlockingQueue<>();
    private @Nullable DirectorySource source;

    private record Found(Map<String, @Nullable String> files, Map<String, String> faults) {}

    @AfterEach
    void end() {
        if (source != null) {
            source.close();
        }
    }

    private void start(Duration rescan) throws Exception {
        source = new DirectorySource(
                directory,
                (files, faults) -> found.add(new Found(new HashMap<>(files), faults)),
                new SourceTiming(Duration.ofMillis(30), Duration.ofMillis(200), rescan),
                InstantSource.system());
        source.start();
    }

    private Found next() throws InterruptedException {
        Found next = found.poll(10, TimeUnit.SECONDS);
        assertThat(next).as("something is found").isNotNull();
        return next;
    }

    private Map<String, @Nullable String> files() throws InterruptedException {
        return next().files();
    }

    /** Collects until the files named have been told of. */
    private Map<String, @Nullable String> until(String... names) throws InterruptedException {
        Map<String, @Nullable String> all = new HashMap<>();
        while (!all.keySet().containsAll(java.util.Set.of(names))) {
            all.putAll(files());
        }
        return all;
    }

    private Path write(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    /** As it would be for a file from before. */
    private Path old(String name, String text) throws IOException {
        Path file = write(name, text);
        return Files.setLastModifiedTime(
                file,
                java.nio.file.attribute.FileTime.from(java.time.Instant.now().minusSeconds(60)));
    }

    @Test
    void theFirstLookFindsWantedFilesBelowToo() throws Exception {
        old("a.yaml", "a");
        old("sub/deep/b.yml", "b");
        old("c.json", "{}");
        old("notes.txt", "no");
        old(".hidden.yaml", "no");
        old(".git/d.yaml", "no");
        start(NEVER);
        assertThat(files()).containsOnly(entry("a.yaml", "a"), entry("sub/deep/b.yml", "b"), entry("c.json", "{}"));
    }

    @Test
    void changesRemovalsAndNewDirectoriesAreSeen() throws Exception {
        old("a.yaml", "1");
        start(NEVER);
        files();
        write("a.yaml", "2");
        assertThat(until("a.yaml")).containsOnly(entry("a.yaml", "2"));
        write("new/b.yaml", "b");
        assertThat(until("new/b.yaml")).containsEntry("new/b.yaml", "b");
        write("new/b.yaml", "b2");
        assertThat(until("new/b.yaml")).containsEntry("new/b.yaml", "b2");
        Files.delete(directory.resolve("a.yaml"));
        assertThat(until("a.yaml")).containsEntry("a.yaml", null);
        Files.delete(directory.resolve("new/b.yaml"));
        Files.delete(directory.resolve("new"));
        assertThat(until("new/b.yaml")).containsEntry("new/b.yaml", null);
    }

    @Test
    void aFileRenamedIntoPlaceReplacesTheOldOne() throws Exception {
        old("a.yaml", "1");
        start(NEVER);
        files();
        Path beside = old(".a.yaml.tmp", "2");
        Files.move(beside, directory.resolve("a.yaml"), StandardCopyOption.ATOMIC_MOVE);
        assertThat(until("a.yaml")).containsOnly(entry("a.yaml", "2"));
    }

    @Test
    void aFileThatIsBeingWrittenIsReadWhenItIsWhole() throws Exception {
        start(NEVER);
        files();
        Path file = directory.resolve("slow.yaml");
        StringBuilder whole = new StringBuilder();
        long until = System.nanoTime() + Duration.ofMillis(300).toNanos();
        while (System.nanoTime() < until) {
            whole.append("line\n");
            Files.writeString(
                    file, "line\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
        }
        // On a machine that starves the writer for longer than the quiet time a part may be read before the whole.
        String read = files().get("slow.yaml");
        while (!whole.toString().equals(read)) {
            assertThat(whole.toString()).startsWith(read);
            read = files().get("slow.yaml");
        }
    }

    @Test
    void aFileThatCannotBeReadIsNamedAndKeepsItsLastText() throws Exception {
        old("a.yaml", "1");
        old("b.yaml", "1");
        start(NEVER);
        files();
        Files.write(directory.resolve("a.yaml"), "gr\u00fcn".getBytes(StandardCharsets.ISO_8859_1));
        Found broken = next();
        assertThat(broken.files()).isEmpty();
        assertThat(broken.faults()).containsOnlyKeys("a.yaml");
        assertThat(broken.faults().get("a.yaml")).contains("not UTF-8");
        write("a.yaml", "2");
        Found mended = next();
        assertThat(mended.files()).containsOnly(entry("a.yaml", "2"));
        assertThat(mended.faults()).isEmpty();
        Files.delete(directory.resolve("b.yaml"));
        Files.createDirectory(directory.resolve("b.yaml"));
        assertThat(next().faults().toString()).contains("b.yaml", "not a regular file");
    }

    @Test
    void aDirectoryThatIsAwayTakesNothingWithIt() throws Exception {
        Path config = directory.resolve("config");
        old("config/a.yaml", "1");
        Path mount = directory;
        directory = config;
        start(Duration.ofMillis(100));
        assertThat(files()).containsOnlyKeys("a.yaml");
        Files.move(config, mount.resolve("elsewhere"));
        Found away = next();
        assertThat(away.files()).isEmpty();
        assertThat(away.faults()).hasSize(1);
        Files.move(mount.resolve("elsewhere"), config);
        assertThat(next().faults()).isEmpty();
        write("a.yaml", "2");
        assertThat(until("a.yaml")).containsEntry("a.yaml", "2");
    }

    @Test
    void aMountedVolumeThatSwapsItsLinkIsSeen() throws Exception {
        old("..v1/a.yaml", "1");
        old("..v2/a.yaml", "2");
        Files.createSymbolicLink(directory.resolve("..data"), Path.of("..v1"));
        Files.createSymbolicLink(directory.resolve("a.yaml"), Path.of("..data/a.yaml"));
        start(NEVER);
        assertThat(files()).containsOnly(entry("a.yaml", "1"));
        Files.createSymbolicLink(directory.resolve("..tmp"), Path.of("..v2"));
        Files.move(directory.resolve("..tmp"), directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        assertThat(until("a.yaml")).containsOnly(entry("a.yaml", "2"));
    }

    @Test
    void whatIsWrittenTogetherIsToldTogether() throws Exception {
        start(NEVER);
        files();
        for (int i = 0; i < 100; i++) {
            old("f" + i + ".yaml", "x" + i);
        }
        Map<String, @Nullable String> all = new HashMap<>();
        int batches = 0;
        while (all.size() < 100) {
            all.putAll(files());
            batches++;
        }
        assertThat(batches).isLessThan(50);
        // Written again with what they had: no change.
        write("f1.yaml", "x1");
        write("last.yaml", "y");
        assertThat(until("last.yaml")).doesNotContainKey("f1.yaml");
    }
}
