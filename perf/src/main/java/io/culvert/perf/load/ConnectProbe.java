package io.culvert.perf.load;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Locale;

/**
 * Tries again and again to reach an echo server, and prints a line of JSON whenever the outcome changes: {@code refused}
 * (no connection), {@code accepted} (a connection, but no answer on it, or none yet) or {@code echoed}, with the time of
 * day at which that was known. Blocking, on the caller's thread.
 */
final class ConnectProbe {
    private static final int CONNECT_MILLIS = 2000;
    private static final int ANSWER_MILLIS = 2000;
    private static final Duration PAUSE = Duration.ofMillis(5);

    private final InetSocketAddress target;
    private final PrintStream out;
    private String last = "";

    ConnectProbe(InetSocketAddress target, PrintStream out) {
        this.target = target;
        this.out = out;
    }

    void run(Duration length) throws InterruptedException {
        long end = System.nanoTime() + length.toNanos();
        while (System.nanoTime() < end) {
            tell(attempt());
            // The rate of the probe, not a wait for something.
            Thread.sleep(PAUSE);
        }
    }

    private void tell(String outcome) {
        if (!outcome.equals(last)) {
            out.println(String.format(
                    Locale.ROOT, "{\"epoch_ms\":%d,\"outcome\":\"%s\"}", System.currentTimeMillis(), outcome));
            last = outcome;
        }
    }

    private String attempt() {
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.setReuseAddress(true);
            socket.connect(target, CONNECT_MILLIS);
            if (!last.equals("echoed")) {
                tell("accepted");
            }
            try {
                socket.getOutputStream().write('.');
                return socket.getInputStream().read() == '.' ? "echoed" : "accepted";
            } catch (IOException e) {
                return "accepted";
            }
        } catch (IOException e) {
            return "refused";
        }
    }
}
