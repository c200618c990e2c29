package io.culvert.lab.demo;

import java.io.IOException;

/** A connection to a real server that can ask and be answered again and again. Used by one thread at a time. */
public interface Session extends AutoCloseable {
    /** Sends {@code text} and returns what the server made of it: for these servers, the same text. */
    String ask(String text) throws IOException;

    /** Nanoseconds that the TCP connection took to be there. */
    long connectNanos();

    /** The port of our end. */
    int localPort();

    @Override
    void close();
}
