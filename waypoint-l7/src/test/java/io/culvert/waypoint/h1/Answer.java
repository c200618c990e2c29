package io.culvert.waypoint.h1;

import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Writes down the response to one request, in one line of what happened. */
final class Answer implements ResponseReceiver {
    final BlockingQueue<String> done = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();
    private @Nullable ClientExchange exchange;
    private boolean inData;

    void of(ClientExchange to) {
        exchange = to;
    }

    String outcome() throws InterruptedException {
        return Recorder.take(done);
    }

    private Answer say(String what) {
        text.append(inData ? "] " : "").append(what);
        inData = false;
        return this;
    }

    private void end() {
        done.add(text.toString().strip());
        text.setLength(0);
    }

    private static String fields(ResponseHead head) {
        return head.fields().toString().strip().replace("\n", ", ");
    }

    @Override
    public void onInformational(ResponseHead head) {
        say(head.status() + " ");
    }

    @Override
    public void onResponse(ResponseHead head, boolean end) {
        say(head.status() + " {" + fields(head) + "} " + (end ? "complete" : ""));
        if (end) {
            end();
        }
    }

    @Override
    public void onUpgraded(ResponseHead head) {
        say("upgraded {" + fields(head) + "} ");
    }

    @Override
    public void onData(ByteBuf data) {
        text.append(inData ? "" : "[").append(data.toString(StandardCharsets.ISO_8859_1));
        inData = true;
        int bytes = data.readableBytes();
        data.release();
        if (exchange != null) {
            exchange.consumed(bytes);
        }
    }

    @Override
    public void onEnd(@Nullable Fields trailers) {
        say("end" + (trailers == null ? "" : " {" + trailers.toString().strip() + "}"))
                .end();
    }

    @Override
    public void onReset(StreamError error, String detail) {
        say("reset " + error).end();
    }

    @Override
    public void onWritable() {}
}
