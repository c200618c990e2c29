package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** Counts requests instead of sending them. */
final class FakeConnection implements ClientConnection {
    private final EventLoop loop;
    final boolean http2;
    final String target;
    int streams;
    boolean retired;
    boolean closed;
    int served;
    private int active;
    private @Nullable Listener listener;

    FakeConnection(EventLoop loop, boolean http2, int streams, String target) {
        this.loop = loop;
        this.http2 = http2;
        this.streams = streams;
        this.target = target;
    }

    void begin() {
        assertThat(capacity()).isPositive();
        active++;
        served++;
    }

    void finish() {
        active--;
        if (retired && active == 0) {
            close();
        } else if (listener != null && !closed) {
            listener.onCapacity(this);
        }
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public String protocol() {
        return http2 ? "HTTP/2" : "HTTP/1.1";
    }

    @Override
    public int capacity() {
        return retired || closed ? 0 : streams - active;
    }

    @Override
    public int active() {
        return active;
    }

    @Override
    public ClientExchange send(RequestHead head, boolean end, ResponseReceiver receiver) {
        throw new UnsupportedOperationException("requests are only counted");
    }

    @Override
    public void retire() {
        retired = true;
        if (active == 0) {
            close();
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (listener != null) {
                listener.onClosed(this);
            }
        }
    }

    @Override
    public void listener(Listener told) {
        listener = told;
    }
}
