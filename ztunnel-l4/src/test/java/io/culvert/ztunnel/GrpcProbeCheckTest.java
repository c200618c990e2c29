package io.culvert.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class GrpcProbeCheckTest {
    private final GrpcProbeCheck check = new GrpcProbeCheck(Set.of("", "live"));
    private final ByteBuf sent = Unpooled.buffer();

    private static ByteBuf preface() {
        return Unpooled.copiedBuffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII);
    }

    private static ByteBuf frame(int type, int flags, int stream, byte... payload) {
        return Unpooled.buffer()
                .writeMedium(payload.length)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(stream)
                .writeBytes(payload);
    }

    private static byte[] headers(Consumer<Http2Headers> change) throws Exception {
        Http2Headers headers = new DefaultHttp2Headers(false)
                .method("POST")
                .scheme("http")
                .path("/grpc.health.v1.Health/Check")
                .authority("10.0.0.1:9000")
                .set("content-type", "application/grpc")
                .set("te", "trailers");
        change.accept(headers);
        ByteBuf out = Unpooled.buffer();
        new DefaultHttp2HeadersEncoder().encodeHeaders(1, headers, out);
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    private static byte[] request(String service) {
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        ByteBuf out = Unpooled.buffer();
        int length = name.length == 0 ? 0 : name.length + 2;
        out.writeByte(0).writeInt(length);
        if (length > 0) {
            out.writeByte(0x0a).writeByte(name.length).writeBytes(name);
        }
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    private ProbeCheck.Verdict feed(ByteBuf data) {
        ProbeCheck.Verdict verdict = check.feed(data);
        ByteBuf passed = check.passed();
        if (passed != null) {
            sent.writeBytes(passed);
            passed.release();
        }
        return verdict;
    }

    private ProbeCheck.Verdict begin() {
        feed(preface());
        return feed(frame(4, 0, 0, new byte[6]));
    }

    @Test
    void theKubeletsCallPassesFrameByFrame() throws Exception {
        assertThat(feed(preface())).isEqualTo(ProbeCheck.Verdict.MORE);
        // Now the app may be dialled: the client sends its call only after the server's SETTINGS.
        assertThat(feed(frame(4, 0, 0, new byte[6]))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(check.complete()).isFalse();
        assertThat(feed(frame(4, 1, 0))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(feed(frame(1, 4, 1, headers(h -> {})))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(feed(frame(0, 1, 1, request("live")))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(check.complete()).isTrue();
        assertThat(feed(frame(8, 0, 0, (byte) 0, (byte) 0, (byte) 0, (byte) 9))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(feed(frame(6, 1, 0, new byte[8]))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(feed(frame(7, 0, 0, new byte[8]))).isEqualTo(ProbeCheck.Verdict.PROBE);
        assertThat(sent.readableBytes()).isGreaterThan(100);
    }

    @Test
    void arrivesInSingleBytesAndHeldFramesDoNotPass() throws Exception {
        ByteBuf all = preface().writeBytes(frame(4, 0, 0)).writeBytes(frame(1, 4, 1, headers(h -> {})));
        int total = all.readableBytes();
        while (all.isReadable()) {
            assertThat(feed(all.readSlice(1))).isNotEqualTo(ProbeCheck.Verdict.OTHER);
        }
        assertThat(sent.readableBytes()).isEqualTo(total);
    }

    private void refused(ByteBuf frame, String why) {
        int before = sent.readableBytes();
        assertThat(feed(frame)).isEqualTo(ProbeCheck.Verdict.OTHER);
        assertThat(check.why()).contains(why);
        assertThat(sent.readableBytes()).as("nothing of it passes").isEqualTo(before);
    }

    @Test
    void anotherMethodIsRefused() throws Exception {
        begin();
        refused(frame(1, 4, 1, headers(h -> h.path("/app.Admin/DropAll"))), "/grpc.health.v1.Health/Check");
    }

    @Test
    void anotherVerbOrContentTypeIsRefused() throws Exception {
        begin();
        refused(frame(1, 4, 1, headers(h -> h.method("GET"))), "POST");
    }

    @Test
    void twoPathsAreRefused() throws Exception {
        begin();
        refused(frame(1, 4, 1, headers(h -> h.add(":path", "/x"))), "");
    }

    @Test
    void webInsteadOfGrpcIsRefused() throws Exception {
        begin();
        refused(frame(1, 4, 1, headers(h -> h.set("content-type", "text/html"))), "not gRPC");
    }

    @Test
    void aSecondStreamIsRefused() throws Exception {
        begin();
        feed(frame(1, 4, 1, headers(h -> {})));
        refused(frame(1, 4, 3, headers(h -> {})), "second request");
    }

    @Test
    void continuationPaddingAndPriorityAreRefused() throws Exception {
        begin();
        refused(frame(1, 0, 1, headers(h -> {})), "flags");
    }

    @Test
    void aServiceThatIsNotDeclaredIsRefused() throws Exception {
        begin();
        feed(frame(1, 4, 1, headers(h -> {})));
        refused(frame(0, 1, 1, request("other")), "not declared");
    }

    @Test
    void dataAfterTheEndIsRefused() throws Exception {
        begin();
        feed(frame(1, 4, 1, headers(h -> {})));
        feed(frame(0, 1, 1, request("")));
        refused(frame(0, 1, 1, request("")), "out of place");
    }

    @Test
    void settingsComeFirstAndPushesNever() {
        feed(preface());
        refused(frame(6, 0, 0, new byte[8]), "first frame");
    }

    @Test
    void unknownFramesAreRefused() {
        begin();
        refused(frame(0x10, 0, 0, new byte[4]), "frame type 16");
    }

    @Test
    void anotherPrefaceIsRefused() {
        refused(Unpooled.copiedBuffer("POST / HTTP/1.1\r\n", StandardCharsets.US_ASCII), "preface");
    }
}
