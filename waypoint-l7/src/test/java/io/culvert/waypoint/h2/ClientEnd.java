package io.culvert.waypoint.h2;

import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.ClientExchange;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ResponseReceiver;
import io.culvert.waypoint.http.StreamError;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A {@link Http2Client} on a loopback socket; what it tells is queued for the test. */
final class ClientEnd implements AutoCloseable {
    final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final Http2Client client;
    final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final Channel channel;

    ClientEnd(int port, H2Settings settings) {
        client = new Http2Client(settings);
        client.listener(new ClientConnection.Listener() {
            @Override
            public void onCapacity(ClientConnection connection) {
                told.add("capacity " + connection.capacity());
            }

            @Override
            public void onClosed(ClientConnection connection) {
                told.add("closed");
            }
        });
        channel = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel made) {
                        made.pipeline().addLast(client);
                    }
                })
                .connect(InetAddress.getLoopbackAddress(), port)
                .syncUninterruptibly()
                .channel();
    }

    <T> T onLoop(Callable<T> what) throws Exception {
        return channel.eventLoop().submit(what).get(10, TimeUnit.SECONDS);
    }

    void run(Runnable what) throws Exception {
        channel.eventLoop().submit(what).get(10, TimeUnit.SECONDS);
    }

    Answer send(String method, String path, boolean end, String... fields) throws Exception {
        return onLoop(() -> {
            Fields all = new Fields();
            for (int i = 0; i < fields.length; i += 2) {
                all.add(fields[i], fields[i + 1]);
            }
            Answer answer = new Answer();
            answer.exchange = client.send(new RequestHead(method, "http", "shop", path, all, ""), end, answer);
            return answer;
        });
    }

    /** The next thing that the connection told. */
    String next() throws InterruptedException {
        return String.valueOf(told.poll(10, TimeUnit.SECONDS));
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** What came back, event by event. */
    static final class Answer implements ResponseReceiver {
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        private final StringBuilder body = new StringBuilder();
        volatile boolean consumes = true;
        final AtomicInteger received = new AtomicInteger();
        volatile @Nullable ResponseHead head;
        volatile @Nullable ClientExchange exchange;

        ClientExchange exchange() {
            ClientExchange made = exchange;
            if (made == null) {
                throw new IllegalStateException("not sent yet");
            }
            return made;
        }

        String next() throws InterruptedException {
            return String.valueOf(events.poll(10, TimeUnit.SECONDS));
        }

        /** The beginning of the body so far. */
        String body() {
            synchronized (body) {
                return body.toString();
            }
        }

        ResponseHead head() {
            ResponseHead came = head;
            if (came == null) {
                throw new IllegalStateException("no response yet");
            }
            return came;
        }

        static ByteBuf text(String text) {
            return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
        }

        @Override
        public void onInformational(ResponseHead interim) {
            events.add("interim " + interim.status());
        }

        @Override
        public void onResponse(ResponseHead answer, boolean end) {
            head = answer;
            events.add("head " + answer.status() + (end ? " end" : ""));
        }

        @Override
        public void onUpgraded(ResponseHead answer) {
            events.add("upgraded");
        }

        @Override
        public void onData(ByteBuf data) {
            int bytes = data.readableBytes();
            received.addAndGet(bytes);
            synchronized (body) {
                if (body.length() < 1000) {
                    body.append(data.toString(StandardCharsets.US_ASCII));
                }
            }
            data.release();
            if (consumes) {
                exchange().consumed(bytes);
            }
        }

        @Override
        public void onEnd(@Nullable Fields trailers) {
            events.add(
                    "end" + (trailers == null ? "" : " " + trailers.toString().strip()));
        }

        @Override
        public void onReset(StreamError error, String detail) {
            events.add("reset " + error);
        }

        @Override
        public void onWritable() {
            events.add("writable");
        }
    }
}
