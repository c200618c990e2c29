package io.culvert.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.lab.demo.DemoCluster;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Readers that stop: they cost their budget and nothing else, and the other streams of their tunnel do not notice. */
@Tag("netns")
class FlowControlIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int PORT = 8080;
    private static final int CHUNK = 64 << 10;

    /** What the sender of a stopped reader would like to send. */
    private static final long OFFER = 1L << 30;

    /** Bytes of each of the other streams in one round. */
    private static final long ROUND = 48L << 20;

    private static final int STREAMS = 4;
    private static final int LEAST_ROUNDS = 7;
    private static final int MOST_ROUNDS = 25;

    /** The budget of a connection, as an agent has it. */
    private static final long CONNECTION_BUDGET = 6L << 20;

    /** Allowed for what a JVM's heap and allocator move by between two looks; a chosen bound, far below the 2 GiB offered. */
    private static final long RSS_NOISE = 40L << 20;

    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(LabExtension.resource("mesh.yaml"), LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void awaitMesh() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        cluster.awaitMeshed(lab.pod("client"), true);
        cluster.awaitMeshed(lab.pod("far"), true);
    }

    @Test
    @Timeout(110)
    void twoStoppedReadersCostTheirBudgetAndSlowNobody() throws Exception {
        try (PodServer server = new PodServer(lab.pod("far"), PORT, FlowControlIT::serve)) {
            List<Socket> others = new ArrayList<>();
            try {
                for (int i = 0; i < STREAMS; i++) {
                    others.add(connect());
                }
                round(others);
                round(others);
                List<Double> ratios = new ArrayList<>();
                long grown = 0;
                while (ratios.size() < LEAST_ROUNDS || (median(ratios) < 0.9 && ratios.size() < MOST_ROUNDS)) {
                    // Every other time the other way round, so that nothing that drifts counts for one of them.
                    boolean first = ratios.size() % 2 == 0;
                    double without = first ? round(others) : 0;
                    long[] rss = rss();
                    double with;
                    try (Stopped up = new Stopped(true);
                            Stopped down = new Stopped(false)) {
                        up.awaitBlocked();
                        down.awaitBlocked();
                        with = round(others);
                        grown = Math.max(grown, growth(rss, rss()));
                        assertThat(tunnels()).as("tunnels that carry it all").isEqualTo(1);
                        assertThat(budgetUsed())
                                .as("budget in use in either agent: two stopped streams, and what the others have")
                                .isLessThan((2 + STREAMS) * CONNECTION_BUDGET);
                        up.releaseAndVerify();
                        down.releaseAndVerify();
                    }
                    ratios.add(with / (first ? without : round(others)));
                }
                System.out.printf(
                        "flow control: rate with two stopped readers to rate without, by round: %s; RSS grew by %d KiB%n",
                        ratios, grown >> 10);
                assertThat(median(ratios)).as("median of " + ratios).isGreaterThanOrEqualTo(0.9);
                assertThat(grown)
                        .as("growth of the RSS of either agent while 2 GiB were offered to stopped readers")
                        .isLessThan(2 * CONNECTION_BUDGET + RSS_NOISE);
                assertThat(server.lastPeer()).isEqualTo(lab.pod("client").ip4());
            } finally {
                for (Socket socket : others) {
                    socket.close();
                }
            }
        }
    }

    /** Moves a round's bytes over each of {@code sockets}, half of them up and half of them down; bytes per second. */
    private static double round(List<Socket> sockets) throws Exception {
        long start = System.nanoTime();
        try (var threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < sockets.size(); i++) {
                Socket socket = sockets.get(i);
                boolean up = i % 2 == 0;
                all.add(CompletableFuture.runAsync(() -> transfer(socket, up), threads));
            }
            for (CompletableFuture<Void> one : all) {
                one.get(60, TimeUnit.SECONDS);
            }
        }
        return sockets.size() * ROUND * 1e9 / (System.nanoTime() - start);
    }

    private static void transfer(Socket socket, boolean up) {
        try {
            socket.getOutputStream().write(up ? 'u' : 'd');
            if (up) {
                write(socket.getOutputStream(), ROUND, new AtomicLong());
                assertThat(socket.getInputStream().read()).isEqualTo('.');
            } else {
                assertThat(skip(socket.getInputStream(), ROUND)).isEqualTo(ROUND);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The server: 'u' takes a round's bytes, 'd' sends them, as often as it is asked. */
    private static void serve(Socket socket) throws IOException {
        while (true) {
            int command = socket.getInputStream().read();
            switch (command) {
                case 'u' -> {
                    skip(socket.getInputStream(), ROUND);
                    socket.getOutputStream().write('.');
                }
                case 'd' -> write(socket.getOutputStream(), ROUND, new AtomicLong());
                case 's', 't' -> {
                    Stopped stopped = Stopped.current(command == 's');
                    stopped.server(socket);
                    return;
                }
                default -> {
                    return;
                }
            }
        }
    }

    /** A connection one of whose ends offers a gigabyte, and whose other end reads nothing until it is released. */
    private static final class Stopped implements AutoCloseable {
        private static final Stopped[] current = new Stopped[2];

        private final boolean up;
        private final Socket client;
        private final AtomicLong written = new AtomicLong();
        private final CompletableFuture<Long> read = new CompletableFuture<>();
        private final CountDownLatch released = new CountDownLatch(1);
        private volatile boolean enough;

        Stopped(boolean up) throws IOException {
            this.up = up;
            synchronized (current) {
                current[up ? 0 : 1] = this;
            }
            this.client = connect();
            client.getOutputStream().write(up ? 's' : 't');
            if (up) {
                Thread.ofPlatform().daemon().start(() -> offer(client));
            } else {
                Thread.ofPlatform().daemon().start(() -> readWhenReleased(client));
            }
        }

        static Stopped current(boolean up) {
            synchronized (current) {
                return current[up ? 0 : 1];
            }
        }

        void server(Socket socket) {
            if (up) {
                readWhenReleased(socket);
            } else {
                offer(socket);
            }
        }

        /** Returns when the sender has not got rid of a byte in ten looks. */
        void awaitBlocked() {
            long[] last = {-1, 0};
            Poll.untilTrue(TIMEOUT, "the sender is not stopped: " + written, () -> {
                long now = written.get();
                last[1] = now == last[0] && now > 0 ? last[1] + 1 : 0;
                last[0] = now;
                return last[1] == 10;
            });
            assertThat(written.get()).as("bytes taken for a stopped reader").isLessThan(OFFER / 8);
        }

        /** The reader goes on, and gets every byte that was taken. */
        void releaseAndVerify() throws Exception {
            enough = true;
            released.countDown();
            assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(written.get());
        }

        @Override
        public void close() throws IOException {
            released.countDown();
            client.close();
        }

        private void offer(Socket socket) {
            try {
                OutputStream out = socket.getOutputStream();
                byte[] chunk = new byte[CHUNK];
                while (!enough && written.get() < OFFER) {
                    out.write(chunk);
                    written.addAndGet(CHUNK);
                }
                socket.shutdownOutput();
                // Until the reader has read it all: a close before would be fine as well, but not for its own bytes.
                socket.getInputStream().read();
            } catch (IOException e) {
                // Closed by the test.
            }
        }

        private void readWhenReleased(Socket socket) {
            try {
                released.await();
                read.complete(skip(socket.getInputStream(), Long.MAX_VALUE));
                socket.shutdownOutput();
            } catch (IOException e) {
                read.completeExceptionally(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Socket connect() throws IOException {
        return lab.pod("client")
                .sockets()
                .connect(InetAddress.getByName(lab.pod("far").ip4()), PORT, TIMEOUT);
    }

    private static void write(OutputStream out, long bytes, AtomicLong count) throws IOException {
        byte[] chunk = new byte[CHUNK];
        while (count.get() < bytes) {
            out.write(chunk);
            count.addAndGet(CHUNK);
        }
    }

    private static long skip(InputStream in, long bytes) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long all = 0;
        while (all < bytes) {
            int read = in.read(chunk, 0, (int) Math.min(CHUNK, bytes - all));
            if (read < 0) {
                return all;
            }
            all += read;
        }
        return all;
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static long tunnels() {
        return new Netns(lab.pod("client").networkNamespace().getFileName().toString())
                .shell("ss -Htn state established '( dport = :15008 )'")
                .lines()
                .count();
    }

    private static double budgetUsed() {
        return lab.lab().nodes().stream()
                .mapToDouble(node -> Scrape.of(node.agent()).sum("culvert_budget_used_bytes"))
                .max()
                .orElseThrow();
    }

    /** The resident memory of each agent, in bytes. */
    private static long[] rss() {
        return lab.lab().nodes().stream()
                .mapToLong(node -> rss(node.agent().pid()))
                .toArray();
    }

    /** What the one grew by that grew more. */
    private static long growth(long[] before, long[] now) {
        long most = Long.MIN_VALUE;
        for (int i = 0; i < now.length; i++) {
            most = Math.max(most, now[i] - before[i]);
        }
        return most;
    }

    private static long rss(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "status"))
                    .lines()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new LabException("agent " + pid + " is gone", e);
        }
    }
}
