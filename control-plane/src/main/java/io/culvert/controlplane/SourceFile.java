package io.culvert.controlplane;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a look at one file says. Immutable. */
sealed interface SourceFile {
    long MAX_BYTES = 16 << 20;

    /** There is none. */
    record Absent() implements SourceFile {}

    /** It is being written: look again. */
    record Unsettled() implements SourceFile {}

    /** It cannot be read. */
    record Broken(String reason) implements SourceFile {}

    /** It is as it was. */
    record Same() implements SourceFile {}

    /** It has this text. */
    record Text(Stamp stamp, String digest, String text) implements SourceFile {}

    /** By what a changed file is told without reading it. */
    record Stamp(long size, Instant modified, @Nullable Object key) {
        static Stamp of(BasicFileAttributes attributes) {
            return new Stamp(attributes.size(), attributes.lastModifiedTime().toInstant(), attributes.fileKey());
        }
    }

    /** Whether files of this name are read. */
    static boolean isWanted(Path file) {
        Path last = file.getFileName();
        String name = last == null ? "" : last.toString().toLowerCase(Locale.ROOT);
        return !name.startsWith(".") && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"));
    }

    /**
     * Looks at a file.
     *
     * @param known its stamp at the last successful reading, null when there was none
     */
    static SourceFile look(Path file, @Nullable Stamp known, SourceTiming timing, Instant now) {
        try {
            Stamp stamp = Stamp.of(Files.readAttributes(file, BasicFileAttributes.class));
            if (stamp.equals(known)) {
                return new Same();
            }
            Duration age = Duration.between(stamp.modified(), now);
            Duration settle = stamp.size() == 0 ? timing.settleEmpty() : timing.settle();
            // A time in the future says nothing about now.
            if (!age.isNegative() && age.compareTo(settle) < 0) {
                return new Unsettled();
            }
            return read(file, stamp);
        } catch (IOException e) {
            // NoSuchFile, or a symlink to nothing.
            return Files.exists(file) ? new Broken(reason(e)) : new Absent();
        }
    }

    private static SourceFile read(Path file, Stamp stamp) throws IOException {
        if (!Files.isRegularFile(file)) {
            return new Broken("is not a regular file; remove it or give it another extension");
        }
        if (stamp.size() > MAX_BYTES) {
            return new Broken("has " + stamp.size() + " bytes, more than " + MAX_BYTES + "; split it");
        }
        byte[] bytes = Files.readAllBytes(file);
        if (!Stamp.of(Files.readAttributes(file, BasicFileAttributes.class)).equals(stamp)) {
            return new Unsettled();
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return new Text(stamp, digest(bytes), text);
        } catch (CharacterCodingException e) {
            return new Broken("is not UTF-8 text; save it as UTF-8");
        }
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** What hinders the reading of a file or directory. */
    static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "may not be read; give the controller's user the right to";
            case NoSuchFileException _ -> "is not there; put it back, or check the path";
            case FileSystemLoopException _ -> "is a link into itself; remove it";
            default -> "cannot be read: " + e;
        };
    }
}
