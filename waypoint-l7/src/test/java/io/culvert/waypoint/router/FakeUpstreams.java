package io.culvert.waypoint.router;

import io.culvert.waypoint.cluster.Upstreams;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Destinations that a test plays: each acquired try waits until the test connects, refuses or answers it. */
final class FakeUpstreams implements Upstreams {
    final List<Call> calls = new ArrayList<>();
    private boolean connectsAtOnce = true;
    private @Nullable Unavailable refusal;

    /** From now on tries wait until the test says what becomes of them. */
    void wait(boolean value) {
        connectsAtOnce = !value;
    }

    /** From now on every try is refused before its acquire returns. */
    void refuseAtOnce(Unavailable why) {
        refusal = why;
    }

    Call last() {
        return calls.getLast();
    }

    @Override
    public Wait acquire(Try attempt) {
        Call call = new Call(attempt, "pod-" + (calls.size() + 1), Set.copyOf(attempt.tried()));
        calls.add(call);
        if (refusal != null) {
            call.refuse(refusal);
        } else if (connectsAtOnce) {
            call.connect();
        }
        return () -> call.cancelled = true;
    }

    /** One try: ticket, connection and exchange in one. */
    static final class Call implements Ticket, ClientConnection, ClientExchange {
        final Try attempt;
        final Set<String> avoided;
        final StringBuilder sent = new StringBuilder();
        final List<Integer> statuses = new ArrayList<>();
        private final String workload;

        @Nullable
        RequestHead head;

        @Nullable
        ResponseReceiver receiver;

        @Nullable
        Fields trailers;

        @Nullable
        StreamError reset;

        @Nullable
        String cookie;

        boolean headOnly;
        boolean ended;
        boolean cancelled;
        boolean writable = true;
        int consumed;
        int failures;
        int done;

        Call(Try attempt, String workload, Set<String> avoided) {
            this.attempt = attempt;
            this.workload = workload;
            this.avoided = avoided;
        }

        void connect() {
            attempt.onConnection(this, this);
        }

        void refuse(Unavailable why) {
            attempt.onChosen(workload);
            attempt.onUnavailable(why, "no way to " + workload);
        }

        RequestHead head() {
            if (head == null) {
                throw new IllegalStateException("nothing was sent");
            }
            return head;
        }

        ResponseReceiver receiver() {
            if (receiver == null) {
                throw new IllegalStateException("nothing was sent");
            }
            return receiver;
        }

        @Nullable
        String field(String name) {
            return head().fields().joined(name);
        }

        /** A whole response without a body. */
        void answer(int status) {
            receiver().onResponse(new ResponseHead(status, new Fields()), true);
        }

        void answer(int status, Fields fields) {
            receiver().onResponse(new ResponseHead(status, fields), true);
        }

        /** The head of a response whose body follows. */
        void begin(int status) {
            receiver().onResponse(new ResponseHead(status, new Fields()), false);
        }

        void data(String data) {
            receiver().onData(Unpooled.copiedBuffer(data, StandardCharsets.UTF_8));
        }

        void end() {
            receiver().onEnd(null);
        }

        void fail(StreamError error) {
            receiver().onReset(error, error + " of " + workload);
        }

        @Override
        public String workload() {
            return workload;
        }

        @Override
        public String address() {
            return "10.0.0.9:8080";
        }

        @Override
        public @Nullable String setCookie() {
            return cookie;
        }

        @Override
        public void addTo(Fields response) {
            if (cookie != null) {
                response.add("set-cookie", cookie);
            }
        }

        @Override
        public void onStatus(int status, Duration latency) {
            statuses.add(status);
        }

        @Override
        public void onLocalFailure() {
            failures++;
        }

        @Override
        public void done() {
            done++;
        }

        @Override
        public EventLoop loop() {
            return attempt.loop();
        }

        @Override
        public String protocol() {
            return "HTTP/1.1";
        }

        @Override
        public int capacity() {
            return 1;
        }

        @Override
        public int active() {
            return 0;
        }

        @Override
        public ClientExchange send(RequestHead value, boolean end, ResponseReceiver to) {
            head = value;
            headOnly = end;
            ended = end;
            receiver = to;
            return this;
        }

        @Override
        public void retire() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void listener(Listener listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void write(ByteBuf data) {
            if (ended) {
                throw new IllegalStateException("data after the end");
            }
            sent.append(data.toString(StandardCharsets.UTF_8));
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
        public void consumed(int bytes) {
            consumed += bytes;
        }
    }
}
