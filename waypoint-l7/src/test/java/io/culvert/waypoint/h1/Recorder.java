package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A backend that writes down what it got, and answers complete requests with that. */
final class Recorder implements RequestHandler, Http1Server.Listener {
    final AtomicInteger requests = new AtomicInteger();
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final BlockingQueue<ServerExchange> begun = new LinkedBlockingQueue<>();
    final BlockingQueue<String> rejected = new LinkedBlockingQueue<>();

    @Override
    public void onRequest(ServerExchange exchange) {
        requests.incrementAndGet();
        Taker taker = new Taker(exchange);
        exchange.receiver(taker);
        begun.add(exchange);
        if (exchange.isComplete()) {
            taker.onEnd(null);
        }
    }

    @Override
    public void onRejected(int status, String detail) {
        rejected.add(status + " " + detail);
    }

    String event() throws InterruptedException {
        return take(events);
    }

    /** The next request that was handed on. */
    ServerExchange begun() throws InterruptedException {
        return take(begun);
    }

    static <T> T take(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(10, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing came within 10 s");
        }
        return next;
    }

    private final class Taker implements BodyReceiver {
        private final ServerExchange exchange;
        private final StringBuilder text = new StringBuilder();

        Taker(ServerExchange exchange) {
            this.exchange = exchange;
            var head = exchange.request();
            text.append(head.method())
                    .append(' ')
                    .append(head.authority())
                    .append(' ')
                    .append(head.path());
            if (!head.upgrade().isEmpty()) {
                text.append(" upgrade=").append(head.upgrade());
            }
            text.append('\n').append(head.fields()).append('\n');
        }

        @Override
        public void onData(ByteBuf data) {
            int size = data.readableBytes();
            text.append(data.toString(StandardCharsets.ISO_8859_1));
            data.release();
            exchange.consumed(size);
        }

        @Override
        public void onEnd(@Nullable Fields trailers) {
            if (trailers != null) {
                text.append("\ntrailers ").append(trailers);
            }
            events.add(text.toString());
            byte[] answer = text.toString().getBytes(StandardCharsets.ISO_8859_1);
            exchange.respond(
                    new ResponseHead(200, new Fields().add("content-length", String.valueOf(answer.length))), false);
            exchange.write(Unpooled.wrappedBuffer(answer));
            exchange.end(null);
        }

        @Override
        public void onReset(StreamError error, String detail) {
            events.add("reset " + error);
        }

        @Override
        public void onWritable() {}
    }
}
