package io.culvert.cni;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Unix socket on which the CNI plugin forwards its calls: one JSON object in (ended by half-closing), one out, then
 * the connection is closed. The plugin has no logic and no credentials; all decisions are made here. One virtual thread
 * per call; calls, their size and the time to send one are bounded. Only root may connect.
 */
public final class CniSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CniSocket.class);
    private static final int MAX_REQUEST = 1 << 20;
    /** A node starts this many pods at a time at most; what comes beyond is told to try again. */
    private static final int MAX_CALLS = 256;

    private static final Duration READ_TIMEOUT = Duration.ofSeconds(5);

    private final Path path;
    private final CniAnswers answers;
    private final Duration readTimeout;
    private final Semaphore calls = new Semaphore(MAX_CALLS);
    private final ServerSocketChannel server;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("cni-", 1).factory());
    private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("cni-timeouts").factory());
    private final AtomicBoolean closed = new AtomicBoolean();

    private CniSocket(Path path, CniAnswers answers, Duration readTimeout, ServerSocketChannel server) {
        this.path = path;
        this.answers = answers;
        this.readTimeout = readTimeout;
        this.server = server;
    }

    /**
     * Listens on {@code path}, replacing what a former agent left there.
     *
     * @throws IOException when it cannot be bound; the message names the path
     */
    public static CniSocket open(Path path, CaptureController controller) throws IOException {
        return open(path, controller, READ_TIMEOUT);
    }

    static CniSocket open(Path path, CaptureController controller, Duration readTimeout) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            Path directory = path.toAbsolutePath().getParent();
            if (directory != null) {
                Files.createDirectories(directory);
            }
            Files.deleteIfExists(path);
            server.bind(UnixDomainSocketAddress.of(path), MAX_CALLS);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException | RuntimeException e) {
            server.close();
            throw new IOException("cannot listen for CNI calls on " + path + ": " + e.getMessage(), e);
        }
        CniSocket socket = new CniSocket(path, new CniAnswers(controller), readTimeout, server);
        socket.threads.execute(socket::accept);
        return socket;
    }

    private void accept() {
        while (!closed.get()) {
            try {
                SocketChannel call = server.accept();
                threads.execute(() -> serve(call));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                // Out of descriptors, most likely: the caller sees its connection refused and tries again.
                LOG.warn("cannot accept a CNI call on {}: {}", path, e.getMessage());
                if (!pause()) {
                    return;
                }
            }
        }
    }

    private void serve(SocketChannel channel) {
        boolean admitted = calls.tryAcquire();
        try (channel) {
            var late = watchdog.schedule(() -> abort(channel), readTimeout.toMillis(), TimeUnit.MILLISECONDS);
            byte[] answer;
            try {
                byte[] request = read(channel);
                answer = admitted
                        ? respond(late.cancel(false), request)
                        : answers.refusal(new CniException(
                                CniException.TRY_AGAIN_LATER,
                                "more than " + MAX_CALLS + " CNI calls at a time",
                                "the runtime tries again"));
            } catch (CniException e) {
                answer = answers.refusal(e);
            } finally {
                late.cancel(false);
            }
            ByteBuffer out = ByteBuffer.wrap(answer);
            while (out.hasRemaining()) {
                channel.write(out);
            }
        } catch (IOException e) {
            LOG.debug("a CNI call ended early: {}", e.toString());
        } finally {
            if (admitted) {
                calls.release();
            }
        }
    }

    private byte[] respond(boolean inTime, byte[] request) {
        return inTime
                ? answers.answer(request)
                : answers.refusal(new CniException(CniException.IO_FAILURE, "the call came too late", "try again"));
    }

    private static byte[] read(SocketChannel channel) throws IOException, CniException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        while (channel.read(buffer) >= 0) {
            bytes.write(buffer.array(), 0, buffer.position());
            buffer.clear();
            if (bytes.size() > MAX_REQUEST) {
                throw new CniException(
                        CniException.DECODING_FAILURE,
                        "the call is larger than 1 MiB",
                        "no network configuration is; is something else talking to this socket?");
            }
        }
        return bytes.toByteArray();
    }

    private static void abort(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a CNI call that came too late: {}", e.toString());
        }
    }

    private boolean pause() {
        try {
            return !watchdog.awaitTermination(100, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Stops listening and ends calls that wait; the runtime tries them again with the next agent. */
    @Override
    public void close() throws IOException {
        if (closed.compareAndSet(false, true)) {
            server.close();
            threads.shutdownNow();
            watchdog.shutdownNow();
            Files.deleteIfExists(path);
        }
    }
}
