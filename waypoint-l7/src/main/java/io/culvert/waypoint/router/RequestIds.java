package io.culvert.waypoint.router;

import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** Makes values of x-request-id. They name requests in logs; nothing is secret about them. Any thread. */
final class RequestIds {
    private RequestIds() {}

    /** A random UUID, without the cost of a secure generator. */
    static String next() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long high = (random.nextLong() & ~0xf000L) | 0x4000L;
        long low = (random.nextLong() & ~(0b11L << 62)) | (0b10L << 62);
        return new UUID(high, low).toString();
    }
}
