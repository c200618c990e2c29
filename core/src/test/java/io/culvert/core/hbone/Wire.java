package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
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

/**
 * One end of a tunnel without sockets and TLS: the test is the peer, writes frames as bytes and reads what comes back as
 * lines of text. Time stands still unless moved.
 */
final class Wire implements AutoCloseable {
    static final SpiffeId LOCAL = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/local");
    static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/peer");

    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    final HeaderCodec codec = new HeaderCodec(65536);
    final HboneStats stats = new HboneStats();
    private long now = 1_000_000_000;
    /** While true the peer takes nothing off the connection, as with a full socket. */
    boolean stuck;

    private @Nullable EmbeddedChannel channel;
    private final Log log = new Log();
    private @Nullable FrameReader reader;

    /** Headers as text, the rest as in FrameReaderTest. */
    private final class Log extends FrameReaderTest.Log {
        @Override
        public void onHeaders(int stream, ByteBuf block, boolean endStream) {
            try {
                Http2Headers headers = codec.decode(stream, block);
                StringBuilder line = new StringBuilder("HEADERS " + stream + (endStream ? " END" : ""));
                headers.forEach(
                        h -> line.append(' ').append(h.getKey()).append('=').append(h.getValue()));
                lines.add(line.toString());
            } catch (Http2Exception e) {
                lines.add("UNDECODABLE " + e);
            }
        }

        @Override
        public void onGoAway(int lastStream, long code, ByteBuf debug) {
            lines.add("GOAWAY " + lastStream + " " + H2Error.of(code));
        }

        @Override
        public void onRstStream(int stream, long code) {
            lines.add("RST " + stream + " " + H2Error.of(code));
        }
    }

    TunnelContext context(HboneSettings settings) {
        TunnelTls none = new TunnelTls() {
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
        };
        return new TunnelContext(settings, none, TunnelEvents.NONE, stats, InstantSource.system(), () -> now);
    }

    static Handshake handshake() {
        return ctx -> new Handshake.Secured(LOCAL, PEER, Instant.now().plus(Duration.ofHours(1)));
    }

    /** Puts a tunnel on the wire and finishes its TLS handshake. */
    <T extends TunnelCore> T start(T tunnel, boolean client) {
        EmbeddedChannel ch = new EmbeddedChannel() {
            @Override
            protected SocketAddress remoteAddress0() {
                return new InetSocketAddress("10.0.0.2", 15008);
            }

            @Override
            protected void doWrite(ChannelOutboundBuffer out) throws Exception {
                if (!stuck) {
                    super.doWrite(out);
                }
            }

            @Override
            protected SocketAddress localAddress0() {
                return new InetSocketAddress("10.0.0.1", 4711);
            }
        };
        channel = ch;
        ch.freezeTime();
        ch.config().setAllocator(allocator);
        ch.pipeline().addLast(tunnel);
        reader = new FrameReader(log, allocator, client, 1 << 24, 1 << 20);
        ch.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        return tunnel;
    }

    EmbeddedChannel channel() {
        EmbeddedChannel ch = channel;
        if (ch == null) {
            throw new IllegalStateException("not started");
        }
        return ch;
    }

    /** The peer sends frames, in one read. */
    void send(ByteBuf... frames) {
        ByteBuf all = allocator.directBuffer();
        for (ByteBuf frame : frames) {
            all.writeBytes(frame);
            frame.release();
        }
        if (channel().isOpen()) {
            channel().writeInbound(all);
        } else {
            all.release();
        }
        channel().runPendingTasks();
    }

    /** What the tunnel has sent since the last call. */
    List<String> sent() {
        FrameReader to = java.util.Objects.requireNonNull(reader);
        channel().runPendingTasks();
        for (ByteBuf out = channel().readOutbound();
                out != null;
                out = channel().readOutbound()) {
            to.read(out);
        }
        List<String> lines = List.copyOf(log.lines);
        log.lines.clear();
        return lines;
    }

    /** Lets time pass, for the tunnel's clock and its timers. */
    void pass(Duration time) {
        now += time.toNanos();
        channel().advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel().runScheduledPendingTasks();
        channel().runPendingTasks();
    }

    ByteBuf frame(int type, int flags, int stream, String hex) {
        byte[] payload = ByteBufUtil.decodeHexDump(hex);
        return Frames.head(allocator.directBuffer(), payload.length, type, flags, stream)
                .writeBytes(payload);
    }

    ByteBuf data(int stream, int length, boolean end) {
        return Frames.head(allocator.directBuffer(), length, Frames.DATA, end ? Frames.END_STREAM : 0, stream)
                .writeZero(length);
    }

    ByteBuf headers(int stream, boolean end, String... namesAndValues) {
        Http2Headers headers = new DefaultHttp2Headers(false);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return codec.encode(allocator, stream, headers, end, 1 << 20);
    }

    ByteBuf connect(int stream) {
        return headers(stream, false, ":method", "CONNECT", ":authority", "10.0.0.1:80");
    }

    @Override
    public void close() {
        channel().finishAndReleaseAll();
        channel().runPendingTasks();
        java.util.Objects.requireNonNull(reader).stop();
        codec.close();
        assertThat(stats.windowBytes()).as("window bytes still charged").isZero();
        assertThat(allocator.metric().usedDirectMemory()).as("leaked bytes").isZero();
    }
}
