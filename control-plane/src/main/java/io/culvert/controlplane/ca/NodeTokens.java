package io.culvert.controlplane.ca;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tokens of nodes as files: the file's name is the node's, its content the token. Looked at again for each call, so a token
 * is good as soon as its file is there and worthless as soon as it is gone. Hidden files are left out. Any thread, reads
 * files.
 */
public final class NodeTokens implements NodeAuthenticator {
    private static final Logger log = LoggerFactory.getLogger(NodeTokens.class);
    private static final int MAX_TOKEN_BYTES = 16 * 1024;

    /** A file as young as this may be written again without its time showing it. */
    private static final Duration RACY = Duration.ofSeconds(2);

    private final Path directory;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Map<String, Token> tokens = new HashMap<>();
    private boolean readable = true;

    /** A file's token, as its digest, and what tells whether the file is still the same. */
    private static final class Token {
        private final byte[] digest;
        private final @Nullable Object fileKey;
        private final Instant modified;
        private final long size;
        private final boolean racy;

        Token(String text, BasicFileAttributes file, Instant now) {
            this.digest = digest(text);
            this.fileKey = file.fileKey();
            this.modified = file.lastModifiedTime().toInstant();
            this.size = file.size();
            this.racy = modified.plus(RACY).isAfter(now);
        }

        boolean stillOf(BasicFileAttributes file) {
            return !racy
                    && file.size() == size
                    && file.lastModifiedTime().toInstant().equals(modified)
                    && Objects.equals(file.fileKey(), fileKey);
        }
    }

    public NodeTokens(Path directory, InstantSource clock) {
        this.directory = directory;
        this.clock = clock;
    }

    @Override
    public @Nullable String node(String bearerToken) {
        byte[] offered = digest(bearerToken.strip());
        lock.lock();
        try {
            refresh();
            String node = null;
            boolean several = false;
            // Every token is compared, and each in constant time: the time taken tells nothing about any of them.
            for (Map.Entry<String, Token> token : tokens.entrySet()) {
                if (MessageDigest.isEqual(token.getValue().digest, offered)) {
                    several |= node != null;
                    node = token.getKey();
                }
            }
            if (several) {
                log.warn("Two nodes have the same token in {}, one is {}: give each its own", directory, node);
                return null;
            }
            return node;
        } finally {
            lock.unlock();
        }
    }

    private void refresh() {
        Map<String, Token> found = new HashMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String node = String.valueOf(file.getFileName());
                Token token = node.startsWith(".") ? null : read(node, file);
                if (token != null) {
                    found.put(node, token);
                }
            }
            readable = true;
        } catch (IOException | DirectoryIteratorException e) {
            if (readable) {
                log.error(
                        "Cannot read the node tokens in {}: no node is known until that is mended ({})",
                        directory,
                        e.toString());
            }
            readable = false;
            found.clear();
        }
        tokens = found;
    }

    private @Nullable Token read(String node, Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            Token known = tokens.get(node);
            if (known != null && known.stillOf(attributes)) {
                return known;
            }
            if (!attributes.isRegularFile() || attributes.size() > MAX_TOKEN_BYTES) {
                return null;
            }
            String text = Files.readString(file, StandardCharsets.UTF_8).strip();
            return text.isEmpty() ? null : new Token(text, attributes, clock.instant());
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            log.warn("Cannot read the token of node {}, {}: {}", node, file, e.toString());
            return null;
        }
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
