package io.culvert.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;

/** The directory that the controller watches: one file for each resource, replaced atomically. Any thread. */
final class ConfigDirectory {
    private final Path directory;
    private final Path staging;
    private final Map<Resource.Key, String> written = new HashMap<>();

    /** Files appear in {@code directory} by a rename out of {@code staging}, of the same file system. */
    ConfigDirectory(Path directory, Path staging) {
        this.directory = directory;
        this.staging = staging;
    }

    /** Writes a resource; nothing is touched when its text is what was written before. */
    synchronized void write(Resource resource) {
        if (resource.text().equals(written.put(resource.key(), resource.text()))) {
            return;
        }
        String name = resource.key().fileName();
        try {
            Files.createDirectories(staging);
            Path fresh = Files.writeString(staging.resolve(name), resource.text());
            Files.move(fresh, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new LabException("cannot write " + directory.resolve(name), e);
        }
    }

    synchronized void remove(Resource.Key key) {
        written.remove(key);
        try {
            Files.deleteIfExists(directory.resolve(key.fileName()));
        } catch (IOException e) {
            throw new LabException("cannot remove " + directory.resolve(key.fileName()), e);
        }
    }
}
