package io.culvert.agent;

import io.culvert.core.linux.Transport;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** What {@code --transport} may say, and what becomes of it. Immutable. */
enum TransportChoice {
    /** Epoll: io_uring was no better in what was measured. */
    AUTO("auto", Transport.EPOLL),
    EPOLL("epoll", Transport.EPOLL),
    IO_URING("io_uring", Transport.IO_URING);

    private final String label;
    private final Transport transport;

    TransportChoice(String label, Transport transport) {
        this.label = label;
        this.transport = transport;
    }

    String label() {
        return label;
    }

    /** The transport that it stands for. */
    Transport transport() {
        return transport;
    }

    /**
     * The choice of that name.
     *
     * @throws IllegalArgumentException when there is none
     */
    static TransportChoice parse(String value) {
        for (TransportChoice choice : values()) {
            if (choice.label.equals(value)) {
                return choice;
            }
        }
        throw new IllegalArgumentException("use auto, epoll or io_uring");
    }

    /**
     * Loops of the transport.
     *
     * @throws IOException when the kernel refuses it: what it said, and the remedy
     */
    MultiThreadIoEventLoopGroup loops(int count, ThreadFactory threads) throws IOException {
        Throwable refusal = transport.refusal();
        if (refusal != null) {
            throw refused(refusal);
        }
        try {
            return new MultiThreadIoEventLoopGroup(count, threads, transport.factory());
        } catch (IllegalStateException | java.io.UncheckedIOException e) {
            // As for a ring that does not fit into RLIMIT_MEMLOCK, which kernels before 5.12 charge.
            throw refused(e);
        }
    }

    /** The error of an agent that may not use its transport. */
    IOException refused(Throwable cause) {
        String remedy = transport == Transport.IO_URING
                ? "start with --transport epoll, or let the agent use io_uring: its system calls in the container's"
                        + " seccomp profile, kernel.io_uring_disabled=0, and RLIMIT_MEMLOCK where the kernel is older"
                        + " than 5.12"
                : "is this Linux, and can the temporary directory (java.io.tmpdir) hold and execute a library?";
        return new IOException(
                "--transport " + label + ": " + transport.label() + " cannot be used: " + told(cause) + "; " + remedy,
                cause);
    }

    /** All that the causes say, each thing once. */
    private static String told(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            @Nullable String said = cause.getMessage();
            String part = said == null ? cause.getClass().getSimpleName() : said;
            if (text.indexOf(part) < 0) {
                text.append(text.isEmpty() ? "" : ": ").append(part);
            }
        }
        return text.toString();
    }
}
