package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LoopBuffersTest {
    private static final int READ = 256 << 10;

    private final LoopBuffers buffers = new LoopBuffers(ByteBufAllocator.DEFAULT);

    @Test
    void a_large_buffer_is_used_again_last_in_first_out_and_comes_back_empty() throws Exception {
        onLoop(() -> {
            ByteBuf first = buffers.directBuffer(READ, READ);
            ByteBuf second = buffers.directBuffer(READ, READ);
            long memory = second.memoryAddress();
            second.writeZero(READ).readByte();
            first.release();
            second.release();
            assertThat(second.refCnt()).isZero();
            ByteBuf again = buffers.directBuffer(READ, READ);
            assertThat(again.memoryAddress()).isEqualTo(memory);
            assertThat(again.refCnt()).isEqualTo(1);
            assertThat(again.writableBytes()).isEqualTo(READ);
            assertThat(again.isReadable()).isFalse();
            again.release();
        });
    }

    @Test
    void the_capacity_is_never_beyond_what_was_asked_for_as_the_most() throws Exception {
        onLoop(() -> {
            for (int size : List.of(1, 65 << 10, 100 << 10, 128 << 10, 200 << 10, READ, 300 << 10, 2 << 20)) {
                ByteBuf exact = buffers.directBuffer(size, size);
                assertThat(exact.capacity()).isEqualTo(size);
                exact.release();
                ByteBuf growing = buffers.directBuffer(size);
                assertThat(growing.capacity()).isGreaterThanOrEqualTo(size);
                growing.release();
            }
        });
    }

    @Test
    void one_that_has_grown_is_not_kept() throws Exception {
        onLoop(() -> {
            ByteBuf grown = buffers.directBuffer(READ);
            grown.writeZero(READ + 1);
            grown.release();
            ByteBuf next = buffers.directBuffer(READ, READ);
            assertThat(next.capacity()).isEqualTo(READ);
            next.release();
        });
    }

    @Test
    void a_loop_keeps_no_more_than_its_bound() throws Exception {
        onLoop(() -> {
            List<ByteBuf> many = new ArrayList<>();
            for (int i = 0; i < 2 * LoopBuffers.KEPT_BYTES / READ; i++) {
                many.add(buffers.directBuffer(READ, READ));
            }
            List<Long> memory = many.stream().map(ByteBuf::memoryAddress).toList();
            many.forEach(ByteBuf::release);
            long known = 0;
            List<ByteBuf> again = new ArrayList<>();
            for (int i = 0; i < LoopBuffers.KEPT_BYTES / READ; i++) {
                ByteBuf buffer = buffers.directBuffer(READ, READ);
                known += memory.contains(buffer.memoryAddress()) ? 1 : 0;
                again.add(buffer);
            }
            assertThat(known).isEqualTo(LoopBuffers.KEPT_BYTES / READ);
            again.forEach(ByteBuf::release);
        });
    }

    @Test
    void another_thread_may_release_it() throws Exception {
        CompletableFuture<ByteBuf> made = new CompletableFuture<>();
        onLoop(() -> made.complete(buffers.directBuffer(READ, READ)));
        assertThat(made.join().release()).isTrue();
        onLoop(() -> {
            ByteBuf fresh = buffers.directBuffer(READ, READ);
            assertThat(fresh.refCnt()).isEqualTo(1);
            fresh.release();
        });
    }

    private static void onLoop(Runnable body) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new FastThreadLocalThread(() -> {
            try {
                body.run();
                done.complete(null);
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        });
        thread.start();
        done.get();
    }
}
