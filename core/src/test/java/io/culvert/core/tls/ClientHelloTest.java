package io.culvert.core.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.identity.Credentials;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What our client offers, as it stands on the wire (RFC 8446 section 4.1.2). */
class ClientHelloTest {
    private static final int SERVER_NAME = 0;
    private static final int SUPPORTED_GROUPS = 10;
    private static final int ALPN = 16;
    private static final int SESSION_TICKET = 35;
    private static final int PRE_SHARED_KEY = 41;
    private static final int EARLY_DATA = 42;
    private static final int SUPPORTED_VERSIONS = 43;
    private static final int KEY_SHARE = 51;

    @Test
    void offersTls13AndHttp2AndNothingElse() throws Exception {
        Hello hello = clientHello(KeyAgreement.HYBRID);
        Map<Integer, ByteBuf> extensions = hello.extensions();

        assertThat(extensions)
                .doesNotContainKeys(SERVER_NAME, SESSION_TICKET, PRE_SHARED_KEY, EARLY_DATA)
                .containsKeys(SUPPORTED_VERSIONS, KEY_SHARE);
        assertThat(shorts(hello.extension(SUPPORTED_VERSIONS).skipBytes(1))).containsExactly(0x0304);
        // AES-GCM with 256 and 128 bits first; ChaCha20 is refused when a peer chooses it.
        assertThat(hello.ciphers()).hasSize(3).startsWith(0x1301, 0x1302);
        // X25519MLKEM768, X25519, secp256r1
        assertThat(shorts(hello.extension(SUPPORTED_GROUPS).skipBytes(2))).containsExactly(0x11ec, 0x1d, 0x17);
        assertThat(hello.extension(ALPN).toString(StandardCharsets.ISO_8859_1)).isEqualTo("\0\3\2h2");
        assertThat(hello.extension(KEY_SHARE).skipBytes(2).readUnsignedShort()).isEqualTo(0x11ec);
    }

    @Test
    void classicalKeyAgreementHasNoPostQuantumShare() throws Exception {
        Hello hello = clientHello(KeyAgreement.CLASSICAL);
        assertThat(shorts(hello.extension(SUPPORTED_GROUPS).skipBytes(2))).containsExactly(0x1d, 0x17);
        assertThat(hello.extension(KEY_SHARE).skipBytes(2).readUnsignedShort()).isEqualTo(0x1d);
    }

    private record Hello(List<Integer> ciphers, Map<Integer, ByteBuf> extensions) {
        ByteBuf extension(int type) {
            return Objects.requireNonNull(extensions.get(type), () -> "no extension " + type);
        }
    }

    private static Hello clientHello(KeyAgreement keyAgreement) throws Exception {
        Credentials web = new TestAuthority("cluster.local").credentials("web");
        try (MeshTls tls = new MeshTls(() -> TestAuthority.NOW, MeshTls.HANDSHAKE_TIMEOUT, keyAgreement)) {
            SslHandler handler = tls.newHandler(tls.client(web), UnpooledByteBufAllocator.DEFAULT);
            EmbeddedChannel channel = new EmbeddedChannel(handler);
            ByteBuf record = channel.readOutbound();
            byte[] bytes = new byte[record.readableBytes()];
            record.readBytes(bytes).release();
            channel.finishAndReleaseAll();
            return parse(io.netty.buffer.Unpooled.wrappedBuffer(bytes));
        }
    }

    private static Hello parse(ByteBuf hello) {
        assertThat(hello.readUnsignedByte()).as("a handshake record").isEqualTo((short) 22);
        hello.skipBytes(4);
        assertThat(hello.readUnsignedByte()).as("a ClientHello").isEqualTo((short) 1);
        hello.skipBytes(3 + 2 + 32);
        hello.skipBytes(hello.readUnsignedByte());
        List<Integer> ciphers = shorts(hello.readSlice(hello.readUnsignedShort()));
        hello.skipBytes(hello.readUnsignedByte());
        ByteBuf all = hello.readSlice(hello.readUnsignedShort());
        Map<Integer, ByteBuf> extensions = new TreeMap<>();
        while (all.isReadable()) {
            extensions.put(all.readUnsignedShort(), all.readSlice(all.readUnsignedShort()));
        }
        return new Hello(ciphers, extensions);
    }

    private static List<Integer> shorts(ByteBuf list) {
        List<Integer> values = new ArrayList<>();
        while (list.isReadable()) {
            values.add(list.readUnsignedShort());
        }
        return values;
    }
}
