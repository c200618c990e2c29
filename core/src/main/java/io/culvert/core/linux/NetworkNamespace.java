package io.culvert.core.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * An open network namespace, and the way to construct a socket inside it. A socket keeps the namespace it was created
 * in, so nothing but its construction needs a switch (network_namespaces(7), setns(2)).
 *
 * <p>Any thread may hold it; {@link #construct} must run on a platform thread. Whoever opens it closes it; sockets
 * made through it live on.
 */
public final class NetworkNamespace implements AutoCloseable {
    /** What tells namespaces apart: two paths are the same namespace when device and inode are equal. */
    public record Id(long device, long inode) {}

    private static final int HOME = openHome();

    private final int fd;
    private final Id id;
    private final Path path;
    private final AtomicBoolean closed = new AtomicBoolean();

    private NetworkNamespace(int fd, Id id, Path path) {
        this.fd = fd;
        this.id = id;
        this.path = path;
    }

    /**
     * Opens the namespace behind {@code path} (a CNI path such as /run/netns/NAME, or /proc/PID/ns/net) and holds it
     * open: the namespace outlives the path.
     *
     * @throws IOException when the path cannot be opened or is no namespace file; the message names the path
     */
    public static NetworkNamespace open(Path path) throws IOException {
        int fd = Libc.open(path.toString());
        if (fd < 0) {
            throw new IOException("cannot open network namespace " + path + ": " + Libc.message(-fd));
        }
        try {
            Path link = Path.of("/proc/self/fd/" + fd);
            String target = Files.readSymbolicLink(link).toString();
            // A bind-mounted namespace shows its mount path, /proc ones "net:[inode]"; the file system tells both.
            if (!target.startsWith("net:") && !Files.getFileStore(link).type().equals("nsfs")) {
                throw new IOException(path + " is not a network namespace (is its file still mounted?)");
            }
            return new NetworkNamespace(fd, idOf(link), path);
        } catch (IOException | RuntimeException e) {
            Libc.close(fd);
            throw e;
        }
    }

    /** Device and inode of the namespace file at {@code path}, without holding it open. */
    public static Id idOf(Path path) throws IOException {
        return new Id((long) Files.getAttribute(path, "unix:dev"), (long) Files.getAttribute(path, "unix:ino"));
    }

    public Id id() {
        return id;
    }

    /** The path that it was opened by; it may be gone or name another namespace by now. */
    public Path path() {
        return path;
    }

    /** A path that names exactly this namespace for as long as it is open, for tools such as nsenter(1). */
    public Path stablePath() {
        return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + fd);
    }

    /**
     * Calls {@code constructor} with the calling thread inside this namespace. It must do nothing but construct one
     * socket whose classes are initialised already: a thread that is started or woken in between could stay in the
     * namespace for good. If the thread cannot return, the process halts, since every later socket would be wrong.
     *
     * @throws IllegalStateException on a virtual thread, when closed, or when the namespace cannot be entered
     */
    public <C> C construct(Supplier<C> constructor) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("setns on a virtual thread would move its carrier");
        }
        if (closed.get()) {
            throw new IllegalStateException("network namespace " + path + " is closed");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Libc.captureState(arena);
            int rc = Libc.setns(state, fd);
            if (rc != 0) {
                throw new IllegalStateException("cannot enter network namespace " + path + ": " + Libc.message(-rc)
                        + " (the agent needs CAP_SYS_ADMIN)");
            }
            try {
                return constructor.get();
            } finally {
                if (Libc.setns(state, HOME) != 0) {
                    Runtime.getRuntime().halt(70);
                }
            }
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Libc.close(fd);
        }
    }

    @Override
    public String toString() {
        return path + " (" + id.inode + ")";
    }

    private static int openHome() {
        int fd = Libc.open("/proc/self/ns/net");
        if (fd < 0) {
            throw new IllegalStateException("cannot open /proc/self/ns/net: " + Libc.message(-fd));
        }
        return fd;
    }
}
