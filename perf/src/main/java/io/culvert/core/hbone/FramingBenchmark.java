package io.culvert.core.hbone;

import io.culvert.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** HBONE frames without TLS and sockets: cutting them out of what was read, and the way of a stream's bytes and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FramingBenchmark {
    private static final int STREAM = 1;
    private static final int SMALL = 1024;
    private static final int LARGE = 64 << 10;
    /** Requests between two grants of credit to the stream. */
    private static final int GRANT = 512;

    private static final SpiffeId LOCAL = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/local");
    private static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/peer");

    private final ByteBufAllocator allocator = ByteBufAllocator.DEFAULT;
    private final Dropping sink = new Dropping();
    private final FrameReader reader = new FrameReader(sink, allocator, false, LARGE, 65536);
    private final ByteBuf small = frames(16, SMALL);
    private final ByteBuf large = frames(4, LARGE);
    private final ByteBuf request = frames(1, SMALL);
    private final EmbeddedChannel channel = new EmbeddedChannel() {
        @Override
        protected SocketAddress remoteAddress0() {
            return new InetSocketAddress("10.0.0.2", 15008);
        }

        @Override
        protected SocketAddress localAddress0() {
            return new InetSocketAddress("10.0.0.1", 15008);
        }
    };
    private int answered;

    /** Sends each byte back. */
    private static final class Echo implements HboneStreamHandler {
        private @Nullable HboneStream stream;

        @Override
        public void onData(ByteBuf data) {
            HboneStream to = stream;
            if (to == null) {
                throw new AssertionError("data before the stream");
            }
            int n = data.readableBytes();
            to.write(data);
            to.consumed(n);
        }

        @Override
        public void onFinished() {}

        @Override
        public void onReset(ResetReason reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void onWritable() {}
    }

    private static final class NoTls implements TunnelTls {
        @Override
        public @Nullable Credential current(SpiffeId local) {
            return null;
        }

        @Override
        public CompletableFuture<Credential> require(SpiffeId local) {
            return new CompletableFuture<>();
        }

        @Override
        public @Nullable SpiffeId peerId(SSLSession session) {
            return null;
        }
    }

    private ByteBuf frames(int count, int length) {
        ByteBuf all = allocator.directBuffer(count * (length + Frames.HEAD_LENGTH));
        for (int i = 0; i < count; i++) {
            Frames.head(all, length, Frames.DATA, 0, STREAM).writeZero(length);
        }
        return all;
    }

    @Setup(Level.Trial)
    public void connect() {
        reader.read(Frames.settings(allocator));
        TunnelContext context = new TunnelContext(
                HboneSettings.DEFAULT,
                new NoTls(),
                TunnelEvents.NONE,
                new HboneStats(),
                InstantSource.system(),
                System::nanoTime);
        Handshake handshake =
                ctx -> new Handshake.Secured(LOCAL, PEER, Instant.now().plus(Duration.ofHours(1)));
        channel.pipeline()
                .addLast(new ServerTunnel(
                        context,
                        handshake,
                        LOCAL,
                        connect -> {
                            Echo echo = new Echo();
                            echo.stream = connect.accept(echo, List.of());
                        },
                        WindowBudget::unlimited));
        channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        channel.writeInbound(
                Frames.preface(), Frames.settings(allocator), Frames.settingsAck(allocator), connectFrame());
        drop();
    }

    private ByteBuf connectFrame() {
        HeaderCodec codec = new HeaderCodec(65536);
        try {
            return codec.encode(
                    allocator,
                    STREAM,
                    new DefaultHttp2Headers().method("CONNECT").authority("10.0.0.1:8080"),
                    false,
                    Frames.DEFAULT_MAX_FRAME);
        } finally {
            codec.close();
        }
    }

    @TearDown(Level.Trial)
    public void release() {
        channel.finishAndReleaseAll();
        small.release();
        large.release();
        request.release();
    }

    /** A read of 16 frames of 1 KiB. */
    @Benchmark
    public long readSmallFrames() {
        reader.read(small.retainedDuplicate());
        return sink.bytes;
    }

    /** A read of 4 frames of 64 KiB. */
    @Benchmark
    public long readLargeFrames() {
        reader.read(large.retainedDuplicate());
        return sink.bytes;
    }

    /** 1 KiB comes in on a stream, through its windows, and goes out again through the scheduler. */
    @Benchmark
    public int echoOneFrame() {
        channel.writeInbound(request.retainedDuplicate());
        if (++answered % GRANT == 0) {
            channel.writeInbound(
                    Frames.windowUpdate(allocator, 0, GRANT * SMALL),
                    Frames.windowUpdate(allocator, STREAM, GRANT * SMALL));
        }
        return drop();
    }

    private int drop() {
        channel.runPendingTasks();
        int bytes = 0;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            bytes += out.readableBytes();
            out.release();
        }
        return bytes;
    }

    /** Takes what the reader finds. */
    private static final class Dropping implements FrameSink {
        private long bytes;

        @Override
        public void onDataStart(int stream, int length, boolean endStream) {}

        @Override
        public void onDataPart(ByteBuf part) {
            bytes += part.readableBytes();
            part.release();
        }

        @Override
        public void onDataEnd(int padding) {}

        @Override
        public void onHeaders(int stream, ByteBuf block, boolean endStream) {}

        @Override
        public void onRstStream(int stream, long code) {}

        @Override
        public void onSettings(ByteBuf payload) {}

        @Override
        public void onSettingsAck() {}

        @Override
        public void onPing(long data, boolean ack) {}

        @Override
        public void onGoAway(int lastStream, long code, ByteBuf debug) {}

        @Override
        public void onWindowUpdate(int stream, int increment) {}

        @Override
        public void onIgnored(int stream) {}

        @Override
        public void onStreamError(int stream, H2Error error, String detail) {
            throw new AssertionError(detail);
        }

        @Override
        public void onConnectionError(H2Error error, String detail) {
            throw new AssertionError(detail);
        }
    }
}
