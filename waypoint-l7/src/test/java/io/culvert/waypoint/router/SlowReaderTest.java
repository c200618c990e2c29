package io.culvert.waypoint.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.waypoint.h2.H2Settings;
import io.culvert.waypoint.h2.HeldBytes;
import io.culvert.waypoint.h2.Wire;
import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.culvert.waypoint.router.Crossing.Http;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Fifty responses at once whose client reads one after the other, to its end: the others wait all that time, and must be
 * held within a bound. {@code -Dculvert.slow.megabytes=150} makes it the case that mesh users report.
 */
@Timeout(600)
final class SlowReaderTest {
    private static final int READERS = 50;
    private static final int SIZE = Integer.getInteger("culvert.slow.megabytes", 3) * 1024 * 1024;
    private static final int APP_WINDOW = H2Settings.TOWARDS_APPS.streamWindow();
    private static final long MEMORY = 64L * 1024 * 1024;

    private long mostQueued;
    private long mostMemory;

    private static byte at(int reader, int offset) {
        return (byte) (reader + offset * 31 + (offset >> 13));
    }

    /** Sends a body as fast as it may. Owned by its exchange's loop. */
    private static final class Sender implements BodyReceiver {
        private static final int PART = 16 * 1024;
        private final ServerExchange exchange;
        private final int reader;
        private int sent;

        Sender(ServerExchange exchange) {
            this.exchange = exchange;
            this.reader = Integer.parseInt(exchange.request().path().substring(1));
        }

        void start() {
            exchange.receiver(this);
            exchange.respond(new ResponseHead(200, new Fields().add("content-length", Integer.toString(SIZE))), false);
            onWritable();
        }

        @Override
        public void onWritable() {
            while (sent < SIZE && exchange.isWritable()) {
                int length = Math.min(PART, SIZE - sent);
                ByteBuf part = Unpooled.buffer(length);
                for (int i = 0; i < length; i++) {
                    part.writeByte(at(reader, sent + i));
                }
                sent += length;
                exchange.write(part);
                if (sent == SIZE) {
                    exchange.end(null);
                }
            }
        }

        @Override
        public void onData(ByteBuf data) {
            data.release();
        }

        @Override
        public void onEnd(@Nullable Fields trailers) {}

        @Override
        public void onReset(StreamError error, String detail) {
            sent = SIZE;
        }
    }

    private static Channel app(Http http, EventLoopGroup group, ChannelGroup channels) {
        HeldBytes held = new HeldBytes(() -> {});
        return new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.SO_SNDBUF, Crossing.SOCKET)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        channel.pipeline().addLast(Crossing.codec(http, channel, e -> new Sender(e).start(), held));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    private void look(Crossing crossing) {
        mostQueued = Math.max(mostQueued, crossing.held.queued());
        mostMemory = Math.max(
                mostMemory,
                crossing.memory.metric().usedDirectMemory()
                        + crossing.memory.metric().usedHeapMemory());
    }

    @ParameterizedTest(name = "HTTP {0} to HTTP {1}")
    @CsvSource({"ONE, ONE", "ONE, TWO", "TWO, ONE", "TWO, TWO"})
    void manyResponsesThatWaitForTheirReaderStayWithinTheBoundAndLoseNothing(
            Http client, Http app, TestReporter reporter) throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        Channel listening = app(app, group, channels);
        try (Crossing crossing = new Crossing(
                client,
                app,
                (InetSocketAddress) listening.localAddress(),
                RouterFixture.rule().build())) {
            if (client == Http.ONE) {
                readHttp1(crossing);
            } else {
                readHttp2(crossing);
                assertThat(mostQueued)
                        .isGreaterThan(READERS * APP_WINDOW / 2)
                        .isLessThanOrEqualTo(H2Settings.DEFAULT.mostQueued(READERS, APP_WINDOW));
            }
            reporter.publishEntry(
                    "HTTP " + client + " to HTTP " + app, "queued " + mostQueued + ", memory " + mostMemory);
            assertThat(mostMemory).isLessThan(MEMORY);
            crossing.logged();
            assertThat(crossing.held.queued()).isZero();
            assertThat(crossing.held.unread()).isZero();
        } finally {
            listening.close().syncUninterruptibly();
            channels.close().syncUninterruptibly();
            group.next().submit(() -> {}).syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private void readHttp1(Crossing crossing) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < READERS; i++) {
                Socket socket = new Socket();
                socket.setReceiveBufferSize(Crossing.SOCKET);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), crossing.port()));
                socket.setSoTimeout(20_000);
                sockets.add(socket);
                socket.getOutputStream()
                        .write(("GET /" + i + " HTTP/1.1\r\nhost: web\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            }
            byte[] buffer = new byte[16 * 1024];
            for (int reader = 0; reader < READERS; reader++) {
                DataInputStream in = new DataInputStream(
                        new BufferedInputStream(sockets.get(reader).getInputStream()));
                int matched = 0;
                while (matched < 4) {
                    int next = in.read();
                    matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
                }
                for (int from = 0; from < SIZE; from += buffer.length) {
                    in.readFully(buffer, 0, Math.min(buffer.length, SIZE - from));
                    assertIsPart(buffer, reader, from, Math.min(buffer.length, SIZE - from));
                    look(crossing);
                }
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private static void assertIsPart(byte[] data, int reader, int from, int length) {
        for (int i = 0; i < length; i++) {
            if (data[i] != at(reader, from + i)) {
                throw new AssertionError("reader " + reader + " got something else at byte " + (from + i));
            }
        }
    }

    private void readHttp2(Crossing crossing) throws IOException {
        int[] got = new int[READERS];
        try (Wire client = Wire.connect(crossing.port())) {
            for (int i = 0; i < READERS; i++) {
                client.get(2 * i + 1, "/" + i);
            }
            client.frame(Wire.WINDOW_UPDATE, 0, 0, Wire.word(1 << 30)).send();
            int turn = 0;
            boolean[] ended = new boolean[READERS];
            while (turn < READERS) {
                Wire.Frame frame = client.read();
                assertThat(frame).as("the connection ended").isNotNull();
                look(crossing);
                if (frame.type() == Wire.RST_STREAM || frame.type() == Wire.GOAWAY) {
                    throw new AssertionError("broken off: " + frame);
                }
                if (frame.type() != Wire.DATA) {
                    continue;
                }
                int reader = frame.stream() / 2;
                int length = frame.payload().length;
                assertIsPart(frame.payload(), reader, got[reader], length);
                got[reader] += length;
                ended[reader] |= frame.isEnd();
                if (length > 0) {
                    client.frame(Wire.WINDOW_UPDATE, 0, 0, Wire.word(length));
                    if (reader == turn && !ended[reader]) {
                        client.frame(Wire.WINDOW_UPDATE, 0, frame.stream(), Wire.word(length));
                    }
                }
                while (turn < READERS && ended[turn]) {
                    turn++;
                    if (turn < READERS && got[turn] > 0 && !ended[turn]) {
                        client.frame(Wire.WINDOW_UPDATE, 0, 2 * turn + 1, Wire.word(got[turn]));
                    }
                }
                client.send();
            }
        }
        assertThat(got).containsOnly(SIZE);
    }
}
