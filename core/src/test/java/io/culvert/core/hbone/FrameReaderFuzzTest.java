package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.junit.jupiter.api.Tag;

/**
 * Any bytes in any pieces: the decoder throws nothing, leaks nothing, delivers no more than came, and says the same
 * however the bytes are cut. In a test run it reads its seeds; with JAZZER_FUZZ=1 it looks for more.
 */
@Tag("fuzz")
class FrameReaderFuzzTest {
    private static final int MAX_FRAME = 16_384;
    private static final int MAX_HEADERS = 4_096;

    /** What a sink is told, and whether it may be told that. */
    private static final class Told extends FrameReaderTest.Log {
        long data;
        private int inFrame;
        private boolean stopped;

        @Override
        public void onDataStart(int stream, int length, boolean endStream) {
            check(length);
            inFrame = length;
            super.onDataStart(stream, length, endStream);
        }

        @Override
        public void onDataPart(ByteBuf part) {
            inFrame -= part.readableBytes();
            data += part.readableBytes();
            check(inFrame);
            super.onDataPart(part);
        }

        @Override
        public void onDataEnd(int padding) {
            check(inFrame - padding);
            inFrame = 0;
            super.onDataEnd(padding);
        }

        @Override
        public void onHeaders(int stream, ByteBuf block, boolean endStream) {
            assertThat(block.readableBytes()).isLessThanOrEqualTo(Math.max(MAX_HEADERS, MAX_FRAME));
            check(0);
            super.onHeaders(stream, block, endStream);
        }

        @Override
        public void onConnectionError(H2Error error, String detail) {
            check(0);
            stopped = true;
            super.onConnectionError(error, detail);
        }

        private void check(int left) {
            assertThat(stopped)
                    .as("told of something after the connection's error")
                    .isFalse();
            assertThat(left).as("bytes of a frame that are left").isNotNegative();
        }
    }

    @FuzzTest(maxDuration = "2m")
    void any_bytes_in_any_pieces_are_read_without_harm(FuzzedDataProvider input) {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
        boolean preface = input.consumeBoolean();
        boolean begun = input.consumeBoolean();
        int piece = input.consumeInt(1, 64);
        byte[] bytes = input.consumeRemainingAsBytes();
        Told whole = read(allocator, preface, begun, bytes, Integer.MAX_VALUE);
        Told cut = read(allocator, preface, begun, bytes, piece);
        assertThat(cut.lines).isEqualTo(whole.lines);
        assertThat(cut.data).isEqualTo(whole.data).isLessThanOrEqualTo(bytes.length);
        assertThat(allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory())
                .as("bytes in buffers that nobody released")
                .isZero();
    }

    /** @param begun whether the peer has sent its preface and SETTINGS: most inputs would end there */
    private static Told read(
            UnpooledByteBufAllocator allocator, boolean preface, boolean begun, byte[] bytes, int piece) {
        Told told = new Told();
        FrameReader reader = new FrameReader(told, allocator, preface, MAX_FRAME, MAX_HEADERS);
        if (begun) {
            if (preface) {
                reader.read(Frames.preface());
            }
            reader.read(Frames.settings(allocator));
        }
        for (int at = 0; at < bytes.length; ) {
            int n = Math.min(piece, bytes.length - at);
            reader.read(allocator.directBuffer(n).writeBytes(bytes, at, n));
            at += n;
        }
        reader.stop();
        return told;
    }
}
