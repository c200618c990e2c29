package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Frames out of a byte stream, however it was cut. */
class FrameReaderTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final Log log = new Log();

    /** Writes down what is found; the pieces of a DATA frame are joined. */
    static class Log implements FrameSink {
        final List<String> lines = new ArrayList<>();
        private final StringBuilder data = new StringBuilder();
        private String start = "";

        @Override
        public void onDataStart(int stream, int length, boolean endStream) {
            start = "DATA " + stream + " " + length + (endStream ? " END " : " ");
            data.setLength(0);
        }

        @Override
        public void onDataPart(ByteBuf part) {
            data.append(ByteBufUtil.hexDump(part));
            part.release();
        }

        @Override
        public void onDataEnd(int padding) {
            lines.add(start + data + " pad " + padding);
        }

        @Override
        public void onHeaders(int stream, ByteBuf block, boolean endStream) {
            lines.add("HEADERS " + stream + (endStream ? " END " : " ") + ByteBufUtil.hexDump(block));
        }

        @Override
        public void onRstStream(int stream, long code) {
            lines.add("RST " + stream + " " + code);
        }

        @Override
        public void onSettings(ByteBuf payload) {
            lines.add("SETTINGS " + ByteBufUtil.hexDump(payload));
        }

        @Override
        public void onSettingsAck() {
            lines.add("SETTINGS ACK");
        }

        @Override
        public void onPing(long value, boolean ack) {
            lines.add("PING " + value + (ack ? " ACK" : ""));
        }

        @Override
        public void onGoAway(int lastStream, long code, ByteBuf debug) {
            lines.add("GOAWAY " + lastStream + " " + code + " "
                    + debug.toString(java.nio.charset.StandardCharsets.UTF_8));
        }

        @Override
        public void onWindowUpdate(int stream, int increment) {
            lines.add("WINDOW " + stream + " " + increment);
        }

        @Override
        public void onIgnored(int stream) {
            lines.add("IGNORED " + stream);
        }

        @Override
        public void onStreamError(int stream, H2Error error, String detail) {
            lines.add("STREAM ERROR " + stream + " " + error);
        }

        @Override
        public void onConnectionError(H2Error error, String detail) {
            lines.add("ERROR " + error);
        }
    }

    @AfterEach
    void nothing_is_left() {
        assertThat(allocator.metric().usedDirectMemory()).as("leaked bytes").isZero();
    }

    private ByteBuf frame(int type, int flags, int stream, String hex) {
        byte[] payload = ByteBufUtil.decodeHexDump(hex);
        return Frames.head(allocator.buffer(), payload.length, type, flags, stream)
                .writeBytes(payload);
    }

    private FrameReader reader() {
        return new FrameReader(log, allocator, false, 65536, 65536);
    }

    private void read(FrameReader reader, ByteBuf... frames) {
        for (ByteBuf frame : frames) {
            reader.read(frame);
        }
    }

    private List<String> after(ByteBuf... frames) {
        FrameReader reader = reader();
        read(reader, Frames.settings(allocator));
        log.lines.clear();
        read(reader, frames);
        reader.stop();
        return log.lines;
    }

    @Test
    void every_frame_survives_any_cut() {
        long seed = System.nanoTime();
        System.err.println("seed " + seed);
        Random random = new Random(seed);
        List<String> expected = List.of(
                "SETTINGS 000400010000",
                "PING 7",
                "HEADERS 1 aabbcc",
                "DATA 1 5 0102030405 pad 0",
                "WINDOW 1 1000",
                "DATA 1 6 0102 pad 4",
                "HEADERS 3 END aabbccddee",
                "IGNORED 3",
                "IGNORED 0",
                "SETTINGS ACK",
                "DATA 3 0 END  pad 0",
                "RST 3 8",
                "GOAWAY 2147483647 0 bye");
        for (int round = 0; round < 300; round++) {
            ByteBuf all = Unpooled.buffer();
            for (ByteBuf frame : List.of(
                    Frames.preface(),
                    frame(Frames.SETTINGS, 0, 0, "000400010000"),
                    Frames.ping(allocator, false, 7),
                    frame(Frames.HEADERS, Frames.END_HEADERS, 1, "aabbcc"),
                    frame(Frames.DATA, 0, 1, "0102030405"),
                    Frames.windowUpdate(allocator, 1, 1000),
                    frame(Frames.DATA, Frames.PADDED, 1, "030102000000"),
                    frame(
                            Frames.HEADERS,
                            Frames.END_STREAM | Frames.PADDED | Frames.PRIORITY_FIELDS,
                            3,
                            "02" + "0000000010" + "aabb" + "0000"),
                    frame(Frames.CONTINUATION, 0, 3, "ccdd"),
                    frame(Frames.CONTINUATION, Frames.END_HEADERS, 3, "ee"),
                    frame(Frames.PRIORITY, 0, 3, "0000000010"),
                    frame(0xbe, 0xff, 0, "00112233445566778899"),
                    Frames.settingsAck(allocator),
                    frame(Frames.DATA, Frames.END_STREAM, 3, ""),
                    Frames.rstStream(allocator, 3, H2Error.CANCEL),
                    Frames.goAway(allocator, Frames.MAX_STREAM_ID, H2Error.NO_ERROR, "bye"))) {
                all.writeBytes(frame);
                frame.release();
            }
            log.lines.clear();
            FrameReader reader = new FrameReader(log, allocator, true, 65536, 65536);
            while (all.isReadable()) {
                int n = Math.min(all.readableBytes(), 1 + random.nextInt(round % 2 == 0 ? 4 : 60));
                reader.read(allocator.directBuffer().writeBytes(all, n));
            }
            assertThat(log.lines).containsExactlyElementsOf(expected);
            all.release();
        }
    }

    @Test
    void a_wrong_preface_or_a_first_frame_that_is_not_settings_ends_the_connection() {
        FrameReader server = new FrameReader(log, allocator, true, 65536, 65536);
        read(
                server,
                allocator
                        .buffer()
                        .writeBytes("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
        read(reader(), Frames.ping(allocator, false, 1));
        read(reader(), Frames.settingsAck(allocator));
        assertThat(log.lines).containsExactly("ERROR PROTOCOL_ERROR", "ERROR PROTOCOL_ERROR", "ERROR PROTOCOL_ERROR");
    }

    @Test
    void frames_of_a_wrong_size_or_on_a_wrong_stream_are_errors() {
        assertThat(after(Frames.head(allocator.buffer(), 65537, Frames.DATA, 0, 1)))
                .containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.SETTINGS, 0, 0, "0004"))).containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.SETTINGS, Frames.ACK, 0, "000400000001")))
                .containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.SETTINGS, 0, 1, ""))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.PING, 0, 0, "00"))).containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.PING, 0, 1, "0000000000000000"))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.WINDOW_UPDATE, 0, 1, "0000"))).containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.RST_STREAM, 0, 0, "00000000"))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.RST_STREAM, 0, 1, "0000"))).containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.GOAWAY, 0, 0, "00"))).containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.DATA, 0, 0, "00"))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.HEADERS, Frames.END_HEADERS, 0, "00"))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.PUSH_PROMISE, 0, 1, "0000"))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.PRIORITY, 0, 1, "00"))).containsExactly("STREAM ERROR 1 FRAME_SIZE_ERROR");
    }

    @Test
    void padding_that_does_not_fit_is_an_error() {
        assertThat(after(frame(Frames.DATA, Frames.PADDED, 1, "0401"))).containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.DATA, Frames.PADDED, 1, ""))).containsExactly("ERROR FRAME_SIZE_ERROR");
        assertThat(after(frame(Frames.HEADERS, Frames.PADDED | Frames.END_HEADERS, 1, "04aa")))
                .containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.HEADERS, Frames.PRIORITY_FIELDS | Frames.END_HEADERS, 1, "0000")))
                .containsExactly("ERROR FRAME_SIZE_ERROR");
    }

    @Test
    void nothing_may_come_between_the_frames_of_a_header_block() {
        assertThat(after(frame(Frames.HEADERS, 0, 1, "aa"), Frames.ping(allocator, false, 1)))
                .containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.HEADERS, 0, 1, "aa"), frame(Frames.CONTINUATION, 0, 3, "aa")))
                .containsExactly("ERROR PROTOCOL_ERROR");
        assertThat(after(frame(Frames.CONTINUATION, 0, 1, "aa"))).containsExactly("ERROR PROTOCOL_ERROR");
    }

    @Test
    void header_blocks_without_end_are_stopped_by_count_and_by_size() {
        ByteBuf[] many = new ByteBuf[40];
        many[0] = frame(Frames.HEADERS, 0, 1, "");
        for (int i = 1; i < many.length; i++) {
            many[i] = frame(Frames.CONTINUATION, 0, 1, "");
        }
        assertThat(after(many)).containsExactly("ERROR ENHANCE_YOUR_CALM");
        String big = "00".repeat(40_000);
        assertThat(after(frame(Frames.HEADERS, 0, 1, big), frame(Frames.CONTINUATION, 0, 1, big)))
                .containsExactly("ERROR ENHANCE_YOUR_CALM");
    }
}
