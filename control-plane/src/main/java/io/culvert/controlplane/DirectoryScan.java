package io.culvert.controlplane;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One look at a directory tree, links followed.
 *
 * @param files those that are wanted
 * @param directories those to watch
 * @param unreadable directories that could not be listed, to the reason: what was known of them is still true
 */
record DirectoryScan(Set<Path> files, Set<Path> directories, Map<Path, String> unreadable) {
    /** Walks the tree; never fails. */
    static DirectoryScan of(Path root) {
        DirectoryScan scan = new DirectoryScan(new TreeSet<>(), new HashSet<>(), new HashMap<>());
        try {
            Files.walkFileTree(
                    root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, scan.new Visitor(root));
        } catch (IOException e) {
            scan.unreadable.put(root, SourceFile.reason(e));
        }
        return scan;
    }

    /** Whether a path is, or is below, something that could not be listed. */
    boolean isUnder(Path path) {
        return unreadable.keySet().stream().anyMatch(path::startsWith);
    }

    private final class Visitor extends SimpleFileVisitor<Path> {
        private final Path root;

        private Visitor(Path root) {
            this.root = root;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            Path name = directory.getFileName();
            if (!directory.equals(root) && name != null && name.toString().startsWith(".")) {
                return FileVisitResult.SKIP_SUBTREE;
            }
            directories.add(directory);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (SourceFile.isWanted(file)) {
                files.add(file);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) {
            if (SourceFile.isWanted(file)) {
                // A look at it will say what is wrong.
                files.add(file);
            } else if (file.equals(root) || Files.isDirectory(file)) {
                unreadable.put(file, SourceFile.reason(e));
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) {
            if (e != null) {
                unreadable.put(directory, SourceFile.reason(e));
            }
            return FileVisitResult.CONTINUE;
        }
    }
}
