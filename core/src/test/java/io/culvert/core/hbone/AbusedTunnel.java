package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel of ours in one of the two roles, up, with stream 1 connected; the test is its peer and keeps no rules.
 * Closing it checks that nothing of it is left, as {@link Wire} does.
 */
final class AbusedTunnel implements AutoCloseable {
    /** Which end of the tunnel is ours. */
    enum Role {
        SERVER,
        CLIENT
    }

    final Role role;
    final Wire wire = new Wire();
    /** The user of stream 1 on our side. */
    final Recorder app = new Recorder();

    private final HboneSettings settings;
    private @Nullable ClientTunnel client;
    /** Who takes the next stream that the peer opens. */
    private Recorder next = app;

    private static final class Owner implements ClientTunnel.Owner {
        @Override
        public void onUp(ClientTunnel tunnel) {}

        @Override
        public void onFailed(ClientTunnel tunnel, HboneFailure kind, String detail, @Nullable Throwable cause) {}

        @Override
        public void onCapacity(ClientTunnel tunnel) {}

        @Override
        public void onRetired(ClientTunnel tunnel) {}

        @Override
        public void onDown(ClientTunnel tunnel) {}
    }

    AbusedTunnel(Role role) {
        this(role, HboneSettings.DEFAULT);
    }

    AbusedTunnel(Role role, HboneSettings settings) {
        this.role = role;
        this.settings = settings;
        if (role == Role.SERVER) {
            wire.start(
                    new ServerTunnel(
                            wire.context(settings),
                            Wire.handshake(),
                            Wire.LOCAL,
                            connect -> next.attach(connect.accept(next, List.of())),
                            WindowBudget::unlimited),
                    false);
            wire.send(Frames.preface());
        } else {
            client = wire.start(
                    new ClientTunnel(wire.context(settings), Wire.handshake(), new Owner(), "certificate"), true);
        }
        wire.send(Frames.settings(wire.allocator), Frames.settingsAck(wire.allocator));
        connect(1, app);
        wire.sent();
    }

    /** Connects the next stream, whose number the caller counts. */
    void connect(int stream, Recorder user) {
        if (role == Role.SERVER) {
            next = user;
            wire.send(wire.connect(stream));
        } else {
            open(user);
            wire.send(wire.headers(stream, false, ":status", "200"));
        }
    }

    /** Asks the client's tunnel for a stream; its CONNECT is not answered. */
    void open(Recorder user) {
        ClientTunnel tunnel = java.util.Objects.requireNonNull(client);
        PoolKey key = new PoolKey(
                Wire.LOCAL,
                Set.of(Wire.PEER),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 15008),
                InetAddress.getLoopbackAddress());
        PoolEntry entry = new PoolEntry(
                key,
                wire.context(settings),
                k -> {
                    throw new IllegalStateException("no sockets here");
                },
                tunnel.eventLoop());
        OpenAttempt attempt = new OpenAttempt(
                entry, new ConnectRequest("10.0.0.1:80", List.of()), WindowBudget.unlimited(), user, result -> {
                    if (result instanceof OpenResult.Opened opened) {
                        user.attach(opened.stream());
                    }
                });
        assertThat(tunnel.open(attempt)).isTrue();
    }

    /** The peer sends the same frame {@code times} times, in one read. */
    void repeat(ByteBuf frame, int times) {
        ByteBuf all = wire.allocator.directBuffer(frame.readableBytes() * times);
        for (int i = 0; i < times; i++) {
            all.writeBytes(frame, frame.readerIndex(), frame.readableBytes());
        }
        frame.release();
        wire.send(all);
    }

    boolean isOpen() {
        return wire.channel().isOpen();
    }

    /** Bytes in buffers that the tunnel holds now, what it has to say to the peer included. */
    long held() {
        return wire.allocator.metric().usedDirectMemory();
    }

    /** The tunnel told the peer this error of the connection, as its last frame, and hung up. */
    void isClosedWith(H2Error error) {
        List<String> sent = wire.sent();
        assertThat(sent).isNotEmpty().last().asString().startsWith("GOAWAY").endsWith(" " + error);
        assertThat(isOpen()).isFalse();
        assertThat(wire.stats.streamsOpen()).as("streams left").isZero();
    }

    /** Stream 1 carries bytes both ways. */
    void echoes() {
        long before = app.received;
        ByteBuf patterned = Frames.head(wire.allocator.directBuffer(), 100, Frames.DATA, 0, 1);
        for (int i = 0; i < 100; i++) {
            patterned.writeByte(Recorder.pattern(before + i));
        }
        wire.send(patterned);
        assertThat(app.received).isEqualTo(before + 100);
        app.send(100, 100, false);
        assertThat(wire.sent()).anyMatch(line -> line.startsWith("DATA 1 100 "));
    }

    @Override
    public void close() {
        wire.close();
    }
}
