package io.culvert.core.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetlinkDumpTest {
    private static final int SEQUENCE = 7;
    private static final int NEWADDR = 20;
    private static final int DONE = 3;
    private static final int ERROR = 2;

    private final NetlinkDump dump = new NetlinkDump(SEQUENCE);

    @Test
    void readsItsOwnNamespaceUntilTheEnd() throws Exception {
        try (NetworkNamespace own = NetworkNamespace.open(Path.of("/proc/self/ns/net"));
                NamespaceReader reader = NamespaceReader.open(own)) {
            assertThat(reader.addresses()).contains(InetAddress.ofLiteral("127.0.0.1"));
            assertThat(reader.hasLocalDefault(false, 12_345)).isFalse();
            // The rules that every namespace has; they match no mark.
            assertThat(reader.hasMarkRule(false, 32_766, 0, 0, 254)).isFalse();
        }
    }

    @Test
    void collectsMessagesOverDatagramsAndSkipsThoseOfOthers() throws Exception {
        dump.add(datagram(64)
                .put(message(NEWADDR, SEQUENCE, 5, 20))
                .put(message(NEWADDR, 6, 0, 20))
                .flip());
        assertThat(dump.done()).isFalse();
        dump.add(datagram(64)
                .put(message(NEWADDR, SEQUENCE, 0, 16))
                .put(message(DONE, SEQUENCE, 0, 20))
                .flip());
        assertThat(dump.done()).isTrue();
        assertThat(dump.bodies()).hasSize(2);
        assertThat(dump.bodies().getFirst().getInt(0)).isEqualTo(5);
    }

    @ParameterizedTest(name = "length {0}")
    @ValueSource(ints = {0, 1, 15, 41, 1000, -1, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void refusesLengthsThatCannotBe(int length) {
        ByteBuffer datagram = datagram(40).putInt(0, length).putInt(8, SEQUENCE);
        assertThatThrownBy(() -> dump.add(datagram))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("netlink message of length")
                .hasMessageContaining("40 bytes left");
    }

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {0, 1, 15})
    void refusesADatagramWithoutAHeader(int bytes) {
        assertThatThrownBy(() -> dump.add(datagram(bytes))).hasMessage("netlink answer of " + bytes + " bytes");
    }

    @Test
    void refusesAHeaderThatIsCutOffBehindAMessage() {
        ByteBuffer datagram =
                datagram(24).put(message(NEWADDR, SEQUENCE, 0, 16)).rewind();
        assertThatThrownBy(() -> dump.add(datagram)).hasMessageContaining("length 0, with 8 bytes left");
    }

    @Test
    void passesOnWhyTheKernelRefuses() {
        ByteBuffer refused = datagram(36).put(message(ERROR, SEQUENCE, -1, 36)).flip();
        assertThatThrownBy(() -> dump.add(refused)).hasMessageContaining("refused: Operation not permitted");
        ByteBuffer broken = datagram(20).put(message(DONE, SEQUENCE, -95, 20)).flip();
        assertThatThrownBy(() -> dump.add(broken)).hasMessageContaining("refused: Operation not supported");
    }

    @Test
    void findsAttributesAndRefusesTheirWrongLengths() throws Exception {
        ByteBuffer body = ByteBuffer.allocate(24).order(ByteOrder.nativeOrder());
        body.position(8)
                .putShort((short) 5)
                .putShort((short) 1)
                .put((byte) 42)
                .position(16)
                .putShort((short) 8)
                .putShort((short) 2)
                .putInt(77);
        ByteBuffer first = NetlinkDump.attribute(body, 8, 1);
        ByteBuffer second = NetlinkDump.attribute(body, 8, 2);
        assertThat(first).isEqualTo(ByteBuffer.wrap(new byte[] {42}));
        assertThat(second == null ? 0 : second.getInt(0)).isEqualTo(77);
        assertThat(NetlinkDump.attribute(body, 8, 3)).isNull();
        for (int length : new int[] {0, 3, 17, 0xffff}) {
            body.putShort(8, (short) length);
            assertThatThrownBy(() -> NetlinkDump.attribute(body, 8, 2)).hasMessageContaining("attribute of length");
        }
        assertThatThrownBy(() -> NetlinkDump.attribute(body, 25, 2)).hasMessageContaining("shorter than 25");
    }

    @Test
    void endsWhateverTheBytesAre() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            ByteBuffer datagram = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
            if (bytes.length >= 16 && random.nextBoolean()) {
                datagram.putInt(0, random.nextInt(bytes.length + 1)).putInt(8, SEQUENCE);
            }
            try {
                dump.add(datagram);
                for (ByteBuffer body : dump.bodies()) {
                    NetlinkDump.attribute(body, 8, 2);
                }
                dump.bodies().clear();
            } catch (IOException e) {
                assertThat(e).as("seed " + seed).hasMessageContaining("netlink");
            }
        }
    }

    private static ByteBuffer datagram(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    /** A message of {@code length} bytes, whose body begins with {@code first}. */
    private static ByteBuffer message(int type, int sequence, int first, int length) {
        ByteBuffer message = datagram(length)
                .putInt(length)
                .putShort((short) type)
                .putShort((short) 0)
                .putInt(sequence)
                .putInt(0);
        if (message.hasRemaining()) {
            message.putInt(first);
        }
        return message.rewind();
    }
}
