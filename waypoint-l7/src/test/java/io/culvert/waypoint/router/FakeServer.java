package io.culvert.waypoint.router;

import io.culvert.waypoint.http.BodyReceiver;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A client's request as a codec would show it; keeps what is sent back. */
final class FakeServer implements ServerExchange {
    private final EventLoop loop;
    private final RequestHead head;
    private final boolean complete;
    final List<ResponseHead> informed = new ArrayList<>();
    final StringBuilder written = new StringBuilder();

    @Nullable
    BodyReceiver receiver;

    @Nullable
    ResponseHead response;

    @Nullable
    Fields trailers;

    @Nullable
    StreamError reset;

    boolean upgraded;
    boolean ended;
    boolean writable = true;
    int consumed;

    FakeServer(EventLoop loop, RequestHead head, boolean complete) {
        this.loop = loop;
        this.head = head;
        this.complete = complete;
    }

    void send(String data) {
        receiver().onData(Unpooled.copiedBuffer(data, StandardCharsets.UTF_8));
    }

    void finish() {
        receiver().onEnd(null);
    }

    BodyReceiver receiver() {
        if (receiver == null) {
            throw new IllegalStateException("nobody receives");
        }
        return receiver;
    }

    int status() {
        return response == null ? 0 : response.status();
    }

    @Nullable
    String field(String name) {
        return response == null ? null : response.fields().joined(name);
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public RequestHead request() {
        return head;
    }

    @Override
    public String protocol() {
        return "HTTP/1.1";
    }

    @Override
    public boolean isComplete() {
        return complete;
    }

    @Override
    public void receiver(BodyReceiver value) {
        receiver = value;
    }

    @Override
    public void consumed(int bytes) {
        consumed += bytes;
    }

    @Override
    public void inform(ResponseHead interim) {
        informed.add(interim);
    }

    @Override
    public void respond(ResponseHead value, boolean end) {
        if (response != null) {
            throw new IllegalStateException("a second response");
        }
        response = value;
        ended = end;
    }

    @Override
    public void upgrade(ResponseHead value) {
        response = value;
        upgraded = true;
    }

    @Override
    public void write(ByteBuf data) {
        written.append(data.toString(StandardCharsets.UTF_8));
        data.release();
    }

    @Override
    public boolean isWritable() {
        return writable;
    }

    @Override
    public void end(@Nullable Fields last) {
        ended = true;
        trailers = last;
    }

    @Override
    public void reset(StreamError error) {
        reset = error;
    }

    @Override
    public boolean isOpen() {
        return !ended && reset == null;
    }
}
