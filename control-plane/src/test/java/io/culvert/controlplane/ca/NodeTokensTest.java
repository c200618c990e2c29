package io.culvert.controlplane.ca;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTokensTest {
    @TempDir
    private Path directory;

    @Test
    void knowsNodesByTheirFilesAsTheyAreNow() throws Exception {
        NodeTokens tokens = new NodeTokens(directory, Instant::now);
        assertThat(tokens.node("secret-a")).isNull();
        Files.writeString(directory.resolve("node-a"), "secret-a\n");
        Files.writeString(directory.resolve("node-b"), "secret-b");
        Files.writeString(directory.resolve(".hidden"), "secret-h");
        Files.writeString(directory.resolve("empty"), " \n");
        Files.createDirectory(directory.resolve("folder"));
        assertThat(tokens.node("secret-a")).isEqualTo("node-a");
        assertThat(tokens.node("secret-b")).isEqualTo("node-b");
        assertThat(tokens.node("secret-h")).isNull();
        assertThat(tokens.node("")).isNull();
        assertThat(tokens.node("secret")).isNull();

        // The same length, within the same instant of the file system's clock.
        Files.writeString(directory.resolve("node-a"), "SECRET-A\n");
        assertThat(tokens.node("secret-a")).isNull();
        assertThat(tokens.node("SECRET-A")).isEqualTo("node-a");
        Files.delete(directory.resolve("node-a"));
        assertThat(tokens.node("SECRET-A")).isNull();
    }

    @Test
    void noticesAFileThatTookAnothersPlace() throws Exception {
        // A clock far ahead: no file is young.
        NodeTokens tokens = new NodeTokens(directory, () -> Instant.now().plusSeconds(3600));
        Path file = Files.writeString(directory.resolve("node-a"), "one");
        assertThat(tokens.node("one")).isEqualTo("node-a");
        Path next = Files.writeString(directory.resolve(".next"), "two");
        Files.setLastModifiedTime(next, Files.getLastModifiedTime(file));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        assertThat(tokens.node("one")).isNull();
        assertThat(tokens.node("two")).isEqualTo("node-a");
    }

    @Test
    void trustsNoTokenOfTwoNodes() throws Exception {
        Files.writeString(directory.resolve("node-a"), "same");
        Files.writeString(directory.resolve("node-b"), "same");
        assertThat(new NodeTokens(directory, Instant::now).node("same")).isNull();
    }

    @Test
    void knowsNobodyWithoutItsDirectory() {
        assertThat(new NodeTokens(directory.resolve("absent"), Instant::now).node("x"))
                .isNull();
    }
}
