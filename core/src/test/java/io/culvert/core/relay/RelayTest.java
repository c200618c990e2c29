package io.culvert.core.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.core.linux.Transport;
import io.culvert.core.telemetry.CloseReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@SuppressWarnings({"try", "NullAway.Init"}) // closing in the middle is what is tested
class RelayTest {
    private static final long SEED = 7;

    private RelayBench bench;

    Transport transport() {
        return Transport.EPOLL;
    }

    RelayBench bench(RelaySettings settings) throws Exception {
        bench = new RelayBench(transport(), settings, ByteBudget.root(64 << 20));
        return bench;
    }

    @AfterEach
    void close() throws Exception {
        bench.close();
        assertThat(bench.agent.used()).as("budget after the end").isZero();
    }

    @Test
    void carriesBytesBothWaysAndCountsThem() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.getOutputStream().write("question".getBytes(StandardCharsets.UTF_8));
            assertThat(app.getInputStream().readNBytes(8)).asString().isEqualTo("question");
            app.getOutputStream().write("answers".getBytes(StandardCharsets.UTF_8));
            assertThat(client.getInputStream().readNBytes(7)).asString().isEqualTo("answers");
            client.shutdownOutput();
            assertThat(app.getInputStream().read()).isEqualTo(-1);
            app.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(bench.outcome()).isEqualTo(new RelayBench.Outcome(CloseReason.OK, null, 8, 7));
    }

    @Test
    void aServerMaySpeakFirst() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            app.getOutputStream().write("220 hello".getBytes(StandardCharsets.UTF_8));
            assertThat(client.getInputStream().readNBytes(9)).asString().isEqualTo("220 hello");
        }
    }

    @Test
    void keepsAHalfClosedDirectionOpenForALongAnswer() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] answer = new byte[3 << 20];
        new Random(SEED).nextBytes(answer);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.getOutputStream().write(1);
            client.shutdownOutput();
            assertThat(app.getInputStream().readAllBytes()).hasSize(1);
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(app, answer));
            byte[] got = client.getInputStream().readNBytes(answer.length);
            writing.get(10, TimeUnit.SECONDS);
            assertThat(Arrays.equals(got, answer)).isTrue();
            app.close();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.OK);
    }

    @Test
    void aServerThatHalfClosesStillGetsEverythingWhenItReadsLate() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] late = new byte[64 << 20];
        new Random(SEED).nextBytes(late);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            app.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                write(client, late);
                try {
                    client.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            // The whole path is full before the app reads on: the first time one buffer waits to be written, then many.
            ByteArrayOutputStream got = new ByteArrayOutputStream();
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> writing.get(500, TimeUnit.MILLISECONDS))
                        .isInstanceOf(TimeoutException.class);
                got.write(app.getInputStream().readNBytes(8 << 20));
            }
            app.getInputStream().transferTo(got);
            assertThat(Arrays.equals(got.toByteArray(), late)).isTrue();
            writing.get(10, TimeUnit.SECONDS);
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.OK);
    }

    @Test
    void aFinishBehindUnreadBytesComesAfterThem() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] data = new byte[5 << 20];
        new Random(SEED).nextBytes(data);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            // The app reads nothing until the client has finished: what arrives at the relay while it may not read
            // (Netty reads to the end after RDHUP) must be kept in order.
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                write(client, data);
                try {
                    client.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            byte[] first = app.getInputStream().readNBytes(data.length - (1 << 20));
            writing.get(10, TimeUnit.SECONDS);
            byte[] rest = app.getInputStream().readAllBytes();
            assertThat(first.length + rest.length).isEqualTo(data.length);
            assertThat(Arrays.equals(data, 0, first.length, first, 0, first.length))
                    .isTrue();
            assertThat(Arrays.equals(data, first.length, data.length, rest, 0, rest.length))
                    .isTrue();
            app.close();
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.OK);
    }

    @Test
    void anAnswerThatEndsBehindUnreadBytesIsWholeAlsoAfterTheRequestHasEnded() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] answer = new byte[5 << 20];
        new Random(SEED).nextBytes(answer);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.shutdownOutput();
            assertThat(app.getInputStream().read()).isEqualTo(-1);
            // Both directions of the app's socket have ended, and it is closed, before its last bytes are passed on.
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
                write(app, answer);
                try {
                    app.close();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            byte[] first = client.getInputStream().readNBytes(answer.length - (1 << 20));
            writing.get(10, TimeUnit.SECONDS);
            byte[] rest = client.getInputStream().readAllBytes();
            assertThat(first.length + rest.length).isEqualTo(answer.length);
            assertThat(Arrays.equals(answer, 0, first.length, first, 0, first.length))
                    .isTrue();
            assertThat(Arrays.equals(answer, first.length, answer.length, rest, 0, rest.length))
                    .isTrue();
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.OK);
    }

    @Test
    void aResetOfTheClientReachesTheAppAsAReset() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            app.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            client.setSoLinger(true, 0);
            client.close();
            assertThatThrownBy(() -> app.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.RESET_BY_CLIENT);
    }

    @Test
    void aResetOfTheAppReachesTheClientAlsoAfterTheClientFinished() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.getOutputStream().write(1);
            client.shutdownOutput();
            assertThat(app.getInputStream().readAllBytes()).hasSize(1);
            app.setSoLinger(true, 0);
            app.close();
            assertThatThrownBy(() -> client.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.RESET_BY_SERVER);
    }

    @Test
    void aResetIsSeenWhileTheOtherSideIsNotRead() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            // Fill everything towards the app, so that the client is not read.
            fill(client.getOutputStream(), app);
            client.setSoLinger(true, 0);
            client.close();
            assertThat(bench.outcome().reason()).isEqualTo(CloseReason.RESET_BY_CLIENT);
            assertThat(app.isConnected()).isTrue();
        }
    }

    /** Writes until the whole path is full: nothing is taken for 300 ms. */
    private static void fill(OutputStream out, Socket unread) throws Exception {
        AtomicLong written = new AtomicLong();
        Thread writer = Thread.ofPlatform().daemon().start(() -> {
            byte[] block = new byte[64 << 10];
            try {
                while (true) {
                    out.write(block);
                    written.addAndGet(block.length);
                }
            } catch (IOException e) {
                // The test closes the socket under the write.
                return;
            }
        });
        assertThat(unread.isClosed()).isFalse();
        long before = -1;
        while (before != written.get()) {
            before = written.get();
            writer.join(300);
        }
    }

    @Test
    void aStoppedReaderStopsTheWriterAndMemoryStaysBounded() throws Exception {
        RelaySettings settings = RelaySettings.DEFAULT;
        bench(settings);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            fill(client.getOutputStream(), app);
            long held = bench.agent.used();
            assertThat(held).isBetween(1L, (long) settings.highWatermark() + 2L * settings.maxRead());
            // The other direction is not held up by it.
            app.getOutputStream().write("still here".getBytes(StandardCharsets.UTF_8));
            assertThat(client.getInputStream().readNBytes(10)).asString().isEqualTo("still here");
            // And it goes on when the app reads again.
            assertThat(app.getInputStream().readNBytes(8 << 20)).hasSize(8 << 20);
        }
    }

    @Test
    void aBudgetThatIsUsedUpHoldsBackButStarvesNobody() throws Exception {
        bench = new RelayBench(transport(), RelaySettings.DEFAULT, ByteBudget.root(100 << 10));
        try (Socket slowClient = bench.connect();
                Socket slowApp = bench.accept();
                Socket client = bench.connect();
                Socket app = bench.accept()) {
            fill(slowClient.getOutputStream(), slowApp);
            byte[] data = new byte[1 << 20];
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(client, data));
            assertThat(app.getInputStream().readNBytes(data.length)).hasSize(data.length);
            writing.get(10, TimeUnit.SECONDS);
            assertThat(bench.agent.used()).isLessThan((100 << 10) + 4 * (256 << 10));
        }
    }

    @Test
    void singleBytesArriveInOrder() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.setTcpNoDelay(true);
            CompletableFuture<byte[]> reading = CompletableFuture.supplyAsync(() -> {
                try {
                    return app.getInputStream().readNBytes(2000);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            for (int i = 0; i < 2000; i++) {
                client.getOutputStream().write(i);
            }
            byte[] got = reading.get(10, TimeUnit.SECONDS);
            for (int i = 0; i < 2000; i++) {
                assertThat(got[i]).isEqualTo((byte) i);
            }
        }
    }

    @Test
    void largeTransfersBothWaysAtOnceAreExact() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] up = new byte[24 << 20];
        byte[] down = new byte[24 << 20];
        new Random(SEED).nextBytes(up);
        new Random(SEED + 1).nextBytes(down);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            CompletableFuture<Void> a = CompletableFuture.runAsync(
                    () -> write(client, up), command -> Thread.ofPlatform().start(command));
            CompletableFuture<Void> b = CompletableFuture.runAsync(
                    () -> write(app, down), command -> Thread.ofPlatform().start(command));
            CompletableFuture<byte[]> c = CompletableFuture.supplyAsync(
                    () -> read(app, up.length), command -> Thread.ofPlatform().start(command));
            assertThat(Arrays.equals(read(client, down.length), down)).isTrue();
            assertThat(Arrays.equals(c.get(20, TimeUnit.SECONDS), up)).isTrue();
            a.get(5, TimeUnit.SECONDS);
            b.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void aHalfClosedSocketThatFillsUpIsWrittenToAgainWhenItDrains() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] answer = new byte[64 << 20];
        new Random(SEED).nextBytes(answer);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.getOutputStream().write(1);
            client.shutdownOutput();
            assertThat(app.getInputStream().readAllBytes()).hasSize(1);
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(app, answer));
            // Everything on the way is full before the client reads its first byte.
            assertThatThrownBy(() -> writing.get(500, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            assertThat(Arrays.equals(read(client, answer.length), answer)).isTrue();
            writing.get(10, TimeUnit.SECONDS);
            app.close();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(bench.outcome().reason()).isEqualTo(CloseReason.OK);
    }

    @Test
    void echoesOfAHalfClosingClientAreWhole() throws Exception {
        bench(RelaySettings.DEFAULT);
        byte[] data = new byte[4 << 20];
        new Random(SEED).nextBytes(data);
        for (int round = 0; round < 10; round++) {
            try (Socket client = bench.connect();
                    Socket app = bench.accept()) {
                Thread echo = Thread.ofVirtual().start(() -> echo(app));
                Thread writer = Thread.ofVirtual().start(() -> {
                    write(client, data);
                    try {
                        client.shutdownOutput();
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
                byte[] got = client.getInputStream().readAllBytes();
                RelayBench.Outcome outcome = bench.outcome();
                assertThat(got).as("round %s: %s", round, outcome).hasSameSizeAs(data);
                assertThat(Arrays.mismatch(got, data)).as("first wrong byte").isEqualTo(-1);
                writer.join();
                echo.join();
            }
        }
    }

    private static void echo(Socket app) {
        try (app) {
            app.getInputStream().transferTo(app.getOutputStream());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anIdleConnectionIsClosedAfterItsTime() throws Exception {
        bench(RelaySettings.DEFAULT.withTimeouts(
                Duration.ofSeconds(5), Duration.ofMillis(300), Duration.ofMillis(300)));
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            for (int i = 0; i < 5; i++) {
                // Every byte pushes it back.
                app.getOutputStream().write(i);
                assertThat(client.getInputStream().read()).isEqualTo(i);
                assertThat(bench.outcomes.poll(100, TimeUnit.MILLISECONDS)).isNull();
            }
            assertThat(bench.outcome().reason()).isEqualTo(CloseReason.IDLE_TIMEOUT);
            assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
        }
    }

    @Test
    void aHalfClosedConnectionThatStaysSilentIsClosedAfterItsTime() throws Exception {
        bench(RelaySettings.DEFAULT.withTimeouts(Duration.ofSeconds(5), Duration.ofHours(1), Duration.ofMillis(200)));
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            client.shutdownOutput();
            assertThat(app.getInputStream().read()).isEqualTo(-1);
            assertThat(bench.outcome().reason()).isEqualTo(CloseReason.HALF_CLOSE_TIMEOUT);
        }
    }

    @Test
    void aRelayEndedFromOutsideResetsBothSides() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect();
                Socket app = bench.accept()) {
            Relay relay = bench.relays.poll(5, TimeUnit.SECONDS);
            assertThat(relay).isNotNull();
            bench.onLoop(() -> relay.close(CloseReason.POLICY_CHANGED, "now denied"));
            assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
            assertThatThrownBy(() -> app.getInputStream().read()).hasMessageContaining("reset");
            assertThat(bench.outcome().detail()).isEqualTo("now denied");
        }
    }

    @Test
    void aRefusedDialResetsTheClientAndNamesTheAddress() throws Exception {
        bench(RelaySettings.DEFAULT);
        bench.closeApp();
        // The reset may come while connect still waits for its thread to run: then it is connect that reports it.
        assertThatThrownBy(() -> {
                    try (Socket client = bench.connect()) {
                        client.getInputStream().read();
                    }
                })
                .hasMessageContaining("reset");
        RelayBench.Outcome outcome = bench.outcome();
        assertThat(outcome.reason()).isEqualTo(CloseReason.CONNECT_FAILED);
        assertThat(outcome.detail()).contains("127.0.0.1:").contains("refused");
    }

    @Test
    void bytesAndAFinishSentBeforeTheAppIsReachedAreKept() throws Exception {
        bench(RelaySettings.DEFAULT);
        try (Socket client = bench.connect()) {
            client.getOutputStream().write("early".getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();
            try (Socket app = bench.accept()) {
                assertThat(app.getInputStream().readAllBytes()).asString().isEqualTo("early");
            }
        }
        assertThat(bench.outcome().sent()).isEqualTo(5);
    }

    private static void write(Socket socket, byte[] data) {
        try {
            OutputStream out = socket.getOutputStream();
            for (int at = 0; at < data.length; at += 64 << 10) {
                out.write(data, at, Math.min(64 << 10, data.length - at));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] read(Socket socket, int length) {
        try {
            InputStream in = socket.getInputStream();
            return in.readNBytes(length);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
