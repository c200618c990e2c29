package io.culvert.core.relay;

import io.culvert.core.linux.Transport;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.core.telemetry.ConnectionAttributes;
import io.culvert.core.telemetry.ConnectionRecord;
import io.culvert.core.telemetry.MeshTelemetry;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.core.telemetry.Peer;
import io.culvert.core.telemetry.Reporter;
import io.culvert.core.telemetry.SecurityPolicy;
import io.culvert.core.telemetry.Telemetry;
import io.culvert.core.telemetry.Way;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A relay between real sockets: blocking ones outside, the relay's on one loop of its own. */
final class RelayBench {
    /** How a relay (or its dial) ended. */
    record Outcome(CloseReason reason, @Nullable String detail, long sent, long received) {}

    final ByteBudget agent;
    final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    final BlockingQueue<Relay> relays = new LinkedBlockingQueue<>();

    private final RelaySettings settings;
    private final AtomicInteger joined = new AtomicInteger();
    private final Semaphore ended = new Semaphore(0);
    private final Transport transport;
    private final MultiThreadIoEventLoopGroup group;
    private final RelayTimers timers;
    private final SocketTuning tuning;
    private final Dialer dialer;
    private final ServerSocket app;
    private final ServerSocketChannel front;
    private final AccessLog log;
    private final Telemetry telemetry;

    RelayBench(Transport transport, RelaySettings settings, ByteBudget agent) throws Exception {
        this.transport = transport;
        group = new MultiThreadIoEventLoopGroup(1, transport.factory());
        front = transport.listener(SocketProtocolFamily.INET);
        this.settings = settings;
        this.agent = agent;
        long start = System.nanoTime();
        timers = new RelayTimers(group, 10, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        tuning = new SocketTuning(settings, agent);
        dialer = new Dialer(tuning);
        MetricsRegistry registry = new MetricsRegistry();
        log = new AccessLog(registry, OutputStream.nullOutputStream());
        log.start();
        telemetry = new MeshTelemetry(registry, log);
        app = new ServerSocket();
        app.setReceiveBufferSize(32 << 10);
        app.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        tuning.listening(front);
        front.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                accepted((SocketChannel) msg);
            }
        });
        group.register(front).sync();
        front.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).sync();
    }

    private void accepted(SocketChannel channel) {
        tuning.accepted(channel);
        ByteBudget budget = agent.child(8 << 20);
        RelaySocket client = new RelaySocket(channel, budget);
        channel.pipeline().addLast(client);
        EventLoop loop = group.next();
        loop.register(channel)
                .addListener(registered -> dialer.dial(
                        loop,
                        SocketFactory.plain(transport),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), app.getLocalPort()),
                        null,
                        budget,
                        new Joiner(client, budget, channel)));
    }

    private final class Joiner implements Dialer.Listener {
        private final RelaySocket client;
        private final ByteBudget budget;
        private final SocketChannel channel;

        Joiner(RelaySocket client, ByteBudget budget, SocketChannel channel) {
            this.client = client;
            this.budget = budget;
            this.channel = channel;
        }

        @Override
        public void onConnected(RelaySocket server) {
            ConnectionRecord record = telemetry.open(new ConnectionAttributes(
                    Reporter.SOURCE,
                    Way.PLAIN,
                    SecurityPolicy.NONE,
                    Peer.UNKNOWN,
                    Peer.UNKNOWN,
                    null,
                    channel.remoteAddress(),
                    channel.localAddress(),
                    null));
            joined.incrementAndGet();
            relays.add(Relay.join(
                    client, server, record, budget, timers.of(channel.eventLoop()), settings, (reason, detail) -> {
                        record.close(reason, detail);
                        outcomes.add(new Outcome(reason, detail, record.sentBytes(), record.receivedBytes()));
                        ended.release();
                    }));
        }

        @Override
        public void onDialFailed(CloseReason reason, String detail) {
            client.abort();
            outcomes.add(new Outcome(reason, detail, 0, 0));
        }
    }

    /** Of the loop, as it is. */
    Transport transport() {
        return Transport.of(group);
    }

    /** The kind of the relay's listening socket. */
    String listenerKind() {
        return front.getClass().getSimpleName();
    }

    /** A client's connection to the relay. */
    Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(10_000);
        socket.connect(front.localAddress(), 5_000);
        return socket;
    }

    /** The app's side of the connection of the client that connected last. */
    Socket accept() throws IOException {
        app.setSoTimeout(10_000);
        Socket socket = app.accept();
        socket.setSoTimeout(10_000);
        return socket;
    }

    void closeApp() throws IOException {
        app.close();
    }

    Outcome outcome() throws InterruptedException {
        Outcome outcome = outcomes.poll(10, TimeUnit.SECONDS);
        if (outcome == null) {
            throw new AssertionError("the relay has not ended");
        }
        return outcome;
    }

    void onLoop(Runnable task) throws Exception {
        group.next().submit(task).get(5, TimeUnit.SECONDS);
    }

    /** Waits for every relay to end, so that what is left over then is a leak and not what a stopped loop never came to. */
    void close() throws Exception {
        front.close().sync();
        app.close();
        if (!ended.tryAcquire(joined.get(), 10, TimeUnit.SECONDS)) {
            throw new AssertionError("a relay has not ended");
        }
        onLoop(() -> {});
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
        log.close();
    }
}
