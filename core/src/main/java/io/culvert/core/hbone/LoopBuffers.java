package io.culvert.core.hbone;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledUnsafeDirectByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * The allocator of the data path's sockets. Small buffers are Netty's; the large ones of bulk streams, which Netty does
 * not pool in a small heap (each read would allocate, zero and free 256 KiB), are kept by their loop and used again last
 * in, first out, so that they are still in the processor's cache. A loop keeps at most {@link #KEPT_BYTES}. Any thread.
 */
public final class LoopBuffers extends AbstractByteBufAllocator {
    /** The one allocator. */
    public static final LoopBuffers INSTANCE = new LoopBuffers(ByteBufAllocator.DEFAULT);

    /** What one loop keeps at most, in bytes. */
    static final int KEPT_BYTES = 2 << 20;

    /** Two sizes of reads, and what a read becomes when it is encrypted. */
    private static final int[] SIZES = {128 << 10, 256 << 10, 320 << 10};

    private static final int SMALLEST = 64 << 10;

    private final ByteBufAllocator small;
    private final FastThreadLocal<Kept> kept = new FastThreadLocal<>() {
        @Override
        protected Kept initialValue() {
            return new Kept();
        }

        @Override
        protected void onRemoval(Kept value) {
            value.free();
        }
    };

    LoopBuffers(ByteBufAllocator small) {
        super(true);
        this.small = small;
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return small.heapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        if (initialCapacity > SMALLEST) {
            for (int i = 0; i < SIZES.length; i++) {
                if (initialCapacity <= SIZES[i] && SIZES[i] <= maxCapacity) {
                    return toLeakAwareBuffer(kept.get().take(i, maxCapacity));
                }
            }
        }
        return small.directBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
        return true;
    }

    /** What one thread keeps. Owned by it. */
    private final class Kept {
        private final @Nullable Large[] tops = new Large[SIZES.length];
        private int bytes;

        ByteBuf take(int size, int maxCapacity) {
            Large top = tops[size];
            if (top == null) {
                return new Large(this, size, maxCapacity);
            }
            tops[size] = top.below;
            bytes -= SIZES[size];
            top.again(maxCapacity);
            return top;
        }

        /** Whether {@code buffer} was taken back. */
        boolean give(Large buffer) {
            if (kept.getIfExists() != this || bytes + SIZES[buffer.size] > KEPT_BYTES) {
                return false;
            }
            bytes += SIZES[buffer.size];
            buffer.below = tops[buffer.size];
            tops[buffer.size] = buffer;
            return true;
        }

        void free() {
            for (int i = 0; i < tops.length; i++) {
                for (Large buffer = tops[i]; buffer != null; buffer = buffer.below) {
                    buffer.free();
                }
                tops[i] = null;
            }
        }
    }

    private static final class Large extends UnpooledUnsafeDirectByteBuf {
        private final Kept home;
        private final int size;
        private @Nullable Large below;

        Large(Kept home, int size, int maxCapacity) {
            super(INSTANCE, SIZES[size], maxCapacity);
            this.home = home;
            this.size = size;
        }

        void again(int maxCapacity) {
            below = null;
            maxCapacity(maxCapacity);
            resetRefCnt();
            clear();
        }

        @Override
        protected void deallocate() {
            // One that has grown has another size and goes.
            if (capacity() != SIZES[size] || !home.give(this)) {
                super.deallocate();
            }
        }

        void free() {
            super.deallocate();
        }
    }
}
