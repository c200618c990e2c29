package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** Answers every request: its body and trailers come back, or a greeting when it has none. Remembers what it saw. */
final class EchoApp implements RequestHandler {
    final Queue<String> seen = new ConcurrentLinkedQueue<>();
    final Queue<String> resets = new ConcurrentLinkedQueue<>();

    @Override
    public void onRequest(ServerExchange exchange) {
        seen.add(exchange.request().method() + " " + exchange.request().path());
        Fields fields = new Fields().add("content-type", "text/plain");
        if (exchange.isComplete()) {
            exchange.respond(new ResponseHead(200, fields), false);
            exchange.write(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
            exchange.end(null);
            return;
        }
        exchange.receiver(new BodyReceiver() {
            private boolean responded;

            private void respond() {
                if (!responded) {
                    responded = true;
                    exchange.respond(new ResponseHead(200, fields), false);
                }
            }

            @Override
            public void onData(ByteBuf data) {
                respond();
                int bytes = data.readableBytes();
                exchange.write(data);
                exchange.consumed(bytes);
            }

            @Override
            public void onEnd(@Nullable Fields trailers) {
                respond();
                exchange.end(trailers);
            }

            @Override
            public void onReset(StreamError error, String detail) {
                resets.add(error + ": " + detail);
            }

            @Override
            public void onWritable() {}
        });
    }
}
