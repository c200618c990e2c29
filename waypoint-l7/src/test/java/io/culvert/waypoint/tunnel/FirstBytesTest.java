package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FirstBytesTest {
    private static ByteBuf ascii(String text) {
        return Unpooled.copiedBuffer(
                text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t"), StandardCharsets.ISO_8859_1);
    }

    /** What a real client sends first. */
    private static byte[] clientHello(String serverName) throws Exception {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(serverName.isEmpty() ? List.of() : List.of(new SNIHostName(serverName)));
        engine.setSSLParameters(parameters);
        ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), out);
        return Arrays.copyOf(out.array(), out.position());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "GET / HTTP/1.1\\r\\n, Http1",
        "GET / HTTP/1.1\\n, Http1",
        "OPTIONS * HTTP/1.0\\r\\nHost: a\\r\\n, Http1",
        "PROPFIND /x HTTP/1.1\\r\\n, Http1",
        "M-SEARCH * HTTP/1.1\\r\\n, Http1",
        "GET / HTTP/2.0\\r\\n, Other",
        "GET key\\r\\n, Other",
        "EHLO client.example\\r\\n, Other",
        "GET /a, More",
        "GE, More",
        "PRI * HTT, More",
        "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n, Http2",
        "PRI * HTTP/1.1\\r\\n, Http1",
        "get / HTTP/1.1\\r\\n, Other",
        "' GET / HTTP/1.1\\r\\n', Other",
        "*1\\r\\n$4\\r\\nPING, Other",
        "METHODSTHATARELONGERTHANANYTHING, Other"
    })
    void theFirstBytesTellTheProtocol(String bytes, String protocol) {
        ByteBuf in = ascii(bytes);
        assertThat(FirstBytes.of(in).getClass().getSimpleName()).isEqualTo(protocol);
        assertThat(in.readerIndex()).as("nothing is consumed").isZero();
    }

    @Test
    void aTargetThatNeverEndsIsLeftToTheCodec() {
        assertThat(FirstBytes.of(ascii("GET /" + "a".repeat(FirstBytes.LIMIT)))).isInstanceOf(FirstBytes.Http1.class);
        assertThat(FirstBytes.of(ascii("A" + " b".repeat(FirstBytes.LIMIT)))).isInstanceOf(FirstBytes.Other.class);
    }

    @Test
    void whereHttpIsDeclaredOnlyThePrefaceCounts() {
        assertThat(FirstBytes.ofHttp(ascii("garbage"))).isInstanceOf(FirstBytes.Http1.class);
        assertThat(FirstBytes.ofHttp(ascii("PRI *"))).isInstanceOf(FirstBytes.More.class);
        assertThat(FirstBytes.ofHttp(Unpooled.EMPTY_BUFFER)).isInstanceOf(FirstBytes.More.class);
    }

    @ParameterizedTest(name = "\"{0}\"")
    @CsvSource({"Shop.Example.COM, shop.example.com", "a-b_c.x, a-b_c.x", "'', ''"})
    void aClientHelloTellsItsServerNameHoweverItIsCut(String sent, String seen) throws Exception {
        byte[] hello = clientHello(sent.contains("_") ? sent.replace("_", "-") : sent);
        String expected = seen.replace("_", "-");
        for (int length = 1; length < hello.length; length++) {
            assertThat(FirstBytes.of(Unpooled.wrappedBuffer(hello, 0, length)))
                    .as("first %d bytes", length)
                    .isInstanceOf(FirstBytes.More.class);
        }
        assertThat(FirstBytes.of(Unpooled.wrappedBuffer(hello))).isEqualTo(new FirstBytes.Tls(expected));
        assertThat(FirstBytes.ofTls(Unpooled.wrappedBuffer(hello))).isEqualTo(new FirstBytes.Tls(expected));
    }

    @Test
    void aClientHelloMayBeSpreadOverRecords() throws Exception {
        byte[] hello = clientHello("shop.example.com");
        ByteBuf spread = Unpooled.buffer();
        for (int at = 5; at < hello.length; at += 7) {
            int n = Math.min(7, hello.length - at);
            spread.writeByte(22).writeShort(0x0301).writeShort(n).writeBytes(hello, at, n);
        }
        assertThat(FirstBytes.of(spread)).isEqualTo(new FirstBytes.Tls("shop.example.com"));
        spread.release();
    }

    @Test
    void aClientHelloThatIsTooLongIsNone() {
        ByteBuf in = Unpooled.buffer();
        in.writeByte(22).writeShort(0x0301).writeShort(16000).writeByte(1).writeMedium(60_000);
        assertThat(FirstBytes.of(in)).isInstanceOf(FirstBytes.Other.class);
        in.clear()
                .writeByte(22)
                .writeShort(0x0301)
                .writeShort(1 << 14)
                .writeByte(1)
                .writeMedium(FirstBytes.LIMIT);
        in.writeZero(FirstBytes.LIMIT);
        assertThat(FirstBytes.of(in)).isInstanceOf(FirstBytes.Other.class);
        in.release();
    }

    @Test
    void brokenClientHellosAreRefusedAndNeverThrow() throws Exception {
        long seed = System.nanoTime();
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        byte[] hello = clientHello("shop.example.com");
        int notHello = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] broken = hello.clone();
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
            }
            if (!(FirstBytes.ofTls(Unpooled.wrappedBuffer(broken)) instanceof FirstBytes.Tls)) {
                notHello++;
            }
        }
        assertThat(notHello).isPositive();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // alert, wrong version, empty record, a ServerHello
        "15030100020228",
        "1602000005010000010a",
        "1603010000",
        "160301000402000000"
    })
    void whatIsNoClientHelloIsToldAtOnce(String hex) {
        byte[] bytes = java.util.HexFormat.of().parseHex(hex);
        assertThat(FirstBytes.ofTls(Unpooled.wrappedBuffer(bytes))).isInstanceOf(FirstBytes.Other.class);
    }
}
