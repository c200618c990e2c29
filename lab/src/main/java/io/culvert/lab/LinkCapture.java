package io.culvert.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** tcpdump on the link between the nodes, from its construction to {@link #stop}. */
public final class LinkCapture implements AutoCloseable {
    /** Discard, which nobody serves here. */
    private static final int FENCE_PORT = 9;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Lab lab;
    private final Process process;
    private final BufferedReader messages;
    private final Path file;

    /** Returns when packets are being recorded. */
    public LinkCapture(Lab lab) {
        this.lab = lab;
        this.file = lab.directory().resolve("link-" + System.nanoTime() + ".pcap");
        List<String> command = new Netns(lab.linkNamespace())
                .enter(List.of(
                        "tcpdump",
                        "-i",
                        "br0",
                        "-n",
                        "-s",
                        "0",
                        "-U",
                        "--immediate-mode",
                        "-B",
                        "16384",
                        "-Z",
                        "root",
                        "-w",
                        file.toString(),
                        "tcp"));
        try {
            process = new ProcessBuilder(command).start();
            messages = process.errorReader(StandardCharsets.UTF_8);
            for (String line = messages.readLine(); line == null || !line.contains("listening on"); ) {
                if (line == null) {
                    throw new LabException("tcpdump ended at once (apt-get install tcpdump)");
                }
                line = messages.readLine();
            }
        } catch (IOException e) {
            throw new LabException("cannot start tcpdump (apt-get install tcpdump)", e);
        }
    }

    /** Ends the recording with all that has passed until now, and returns the streams in it; an error when the kernel dropped packets. */
    public TcpStreams stop() {
        try {
            fence();
            // SIGINT lets it write what it has and report its counts.
            Command.run("kill", "-INT", Long.toString(process.pid()));
            String counts = drain();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new LabException("tcpdump does not end");
            }
            if (!counts.contains("0 packets dropped by kernel")) {
                throw new LabException("the capture is incomplete: " + counts.strip());
            }
            return TcpStreams.read(file);
        } catch (IOException e) {
            throw new LabException("cannot read the capture " + file, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while tcpdump ended", e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Sends something over the link and waits until it is in the file: what went before is there, too. */
    private void fence() {
        LabNode from = lab.nodes().getFirst();
        String to = lab.nodes().getLast().address();
        try (Socket _ = from.sockets().connect(InetAddress.getByName(to), FENCE_PORT, PATIENCE)) {
            throw new LabException("something serves port " + FENCE_PORT + " on " + to);
        } catch (IOException e) {
            // Refused, as it should be: the question and its refusal passed the link.
        }
        Poll.untilTrue(PATIENCE, "tcpdump does not record what passes the link", () -> {
            try {
                return !TcpStreams.read(file)
                        .between(from.address(), to, FENCE_PORT)
                        .isEmpty();
            } catch (IOException e) {
                throw new LabException("cannot read the capture " + file, e);
            }
        });
    }

    private String drain() throws IOException {
        StringBuilder text = new StringBuilder();
        for (String line = messages.readLine(); line != null; line = messages.readLine()) {
            text.append(line).append("; ");
        }
        return text.toString();
    }
}
