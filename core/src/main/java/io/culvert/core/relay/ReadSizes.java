package io.culvert.core.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Read sizes that grow with use, so that an idle connection costs nothing and a busy one few system calls: four times
 * larger after a read that filled its buffer, four times smaller after two in a row that a quarter would have held.
 * While the agent's budget is nearly used up all reads are small. Netty's own adaptive allocator cannot be told that:
 * it shrinks for ever when somebody else limits a read. Any thread; handles are owned by their channel's loop.
 */
final class ReadSizes implements RecvByteBufAllocator {
    /** So many reads of one channel in one turn of the loop, then the others have theirs. */
    private static final int READS_PER_TURN = 4;

    private final int min;
    private final int max;
    private final ByteBudget budget;

    ReadSizes(RelaySettings settings, ByteBudget budget) {
        this.min = settings.minRead();
        this.max = settings.maxRead();
        this.budget = budget;
    }

    @Override
    @SuppressWarnings("deprecation") // the interface has no other way yet
    public Handle newHandle() {
        return new Sizes();
    }

    private boolean tight() {
        return budget.limit() - budget.used() < max * 4L;
    }

    private final class Sizes implements ExtendedHandle {
        private int size = min;
        private int attempted;
        private int last;
        private int reads;
        private int smallReads;
        private boolean autoRead;
        private ChannelConfig config;

        @SuppressWarnings("NullAway.Init") // reset() comes before every round of reads
        Sizes() {}

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            int now = guess();
            return alloc.ioBuffer(now, now);
        }

        @Override
        public int guess() {
            return size > min && tight() ? min : size;
        }

        @Override
        public void reset(ChannelConfig channelConfig) {
            config = channelConfig;
            autoRead = channelConfig.isAutoRead();
            reads = 0;
        }

        @Override
        public void incMessagesRead(int count) {
            reads += count;
        }

        @Override
        public void lastBytesRead(int bytes) {
            last = bytes;
            if (bytes <= 0) {
                return;
            }
            if (bytes == attempted && attempted >= size) {
                size = Math.min(size * 4, max);
                smallReads = 0;
            } else if (bytes <= size / 4 && size > min) {
                if (++smallReads >= 2) {
                    size = Math.max(size / 4, min);
                    smallReads = 0;
                }
            } else {
                smallReads = 0;
            }
        }

        @Override
        public int lastBytesRead() {
            return last;
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            attempted = bytes;
        }

        @Override
        public int attemptedBytesRead() {
            return attempted;
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
            return autoRead && config.isAutoRead() && reads < READS_PER_TURN && last > 0 && maybeMore.get();
        }

        @Override
        public boolean continueReading() {
            return autoRead && config.isAutoRead() && reads < READS_PER_TURN && last == attempted;
        }

        @Override
        public void readComplete() {}
    }
}
