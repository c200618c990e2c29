package io.culvert.controlplane;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name of a Unix socket: bound under a name beside it and renamed into place when its rights are set, so that nobody
 * meets it half made.
 */
record UnixSocketFile(Path path, Path binding) {
    private static final Logger LOG = LoggerFactory.getLogger(UnixSocketFile.class);

    /**
     * Makes room for a socket.
     *
     * @throws IOException when something else is there, or a living server
     */
    static UnixSocketFile prepare(Path path) throws IOException {
        Path absolute = path.toAbsolutePath();
        Path directory = absolute.getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        if (Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
            BasicFileAttributes attributes =
                    Files.readAttributes(absolute, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!attributes.isOther()) {
                throw new IOException(absolute + " is there and is not a socket; remove it or choose another path");
            }
            if (isServed(absolute)) {
                throw new IOException("another controller serves " + absolute + "; stop it or choose another path");
            }
        }
        Path binding = absolute.resolveSibling(
                "." + absolute.getFileName() + "." + ProcessHandle.current().pid());
        Files.deleteIfExists(binding);
        return new UnixSocketFile(absolute, binding);
    }

    private static boolean isServed(Path path) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return channel.isConnected();
        } catch (IOException e) {
            // Refused: left over from a run that did not end well.
            return false;
        }
    }

    /** The bound socket takes its name, in place of a stale one. */
    void publish() throws IOException {
        Files.move(binding, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The server has ended. */
    void remove() {
        try {
            if (!isServed(path)) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.debug("socket {} stays", path, e);
        }
    }
}
