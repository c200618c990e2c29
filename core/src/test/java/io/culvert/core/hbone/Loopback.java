package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import io.culvert.identity.SpiffeId;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A pool and a server with real sockets and real TLS, on two loops. Closing it checks that every buffer of every tunnel
 * was released: a leak fails the test that made it.
 */
final class Loopback implements AutoCloseable {
    private final Transport transport;
    final TestMesh mesh;
    final SpiffeId clientId;
    final SpiffeId serverId;
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    final MultiThreadIoEventLoopGroup group;
    final List<Channel> sockets = new CopyOnWriteArrayList<>();
    final BlockingQueue<String> failures = new LinkedBlockingQueue<>();
    final HbonePool pool;
    final EventLoop loop;
    final EventLoop serverLoop;
    private final List<HboneServer> servers = new ArrayList<>();
    private final List<Channel> listeners = new ArrayList<>();

    Loopback() throws Exception {
        this(Transport.EPOLL);
    }

    Loopback(Transport transport) throws Exception {
        this(transport, HboneSettings.DEFAULT);
    }

    Loopback(Transport transport, HboneSettings clientSettings) throws Exception {
        this.transport = transport;
        group = new MultiThreadIoEventLoopGroup(2, transport.factory());
        mesh = new TestMesh();
        clientId = mesh.issue("client");
        serverId = mesh.issue("server");
        loop = group.next();
        serverLoop = group.next();
        pool = new HbonePool(
                List.of(loop), this::newChannel, mesh.tls(), events(), clientSettings, InstantSource.system());
    }

    TunnelEvents events() {
        return new TunnelEvents() {
            @Override
            public void onFailed(
                    SpiffeId local,
                    InetSocketAddress remote,
                    HboneFailure kind,
                    String detail,
                    @Nullable Throwable cause) {
                failures.add(kind + ": " + detail);
            }
        };
    }

    Channel newChannel(PoolKey key) {
        Channel channel = transport.socket(SocketProtocolFamily.INET);
        channel.config().setAllocator(allocator);
        sockets.add(channel);
        return channel;
    }

    HboneServer newServer(ConnectHandler handler, HboneSettings settings) {
        return newServer(handler, settings, WindowBudget.unlimited());
    }

    HboneServer newServer(ConnectHandler handler, HboneSettings settings, WindowBudget budget) {
        HboneServer server = new HboneServer(
                serverId, handler, () -> budget, mesh.tls(), events(), settings, InstantSource.system());
        servers.add(server);
        return server;
    }

    /** Listens for a server of ours and returns the key to reach it. */
    PoolKey listen(ConnectHandler handler) throws Exception {
        return listen(newServer(handler, HboneSettings.DEFAULT));
    }

    PoolKey listen(HboneServer server) throws Exception {
        return key(bind(server.initializer()));
    }

    InetSocketAddress bind(ChannelHandler child) throws Exception {
        Channel listener = new ServerBootstrap()
                .group(serverLoop)
                .channelFactory(() -> transport.listener(SocketProtocolFamily.INET))
                .childOption(ChannelOption.ALLOCATOR, allocator)
                .childHandler(child)
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        listeners.add(listener);
        return (InetSocketAddress) listener.localAddress();
    }

    PoolKey key(InetSocketAddress address) {
        return new PoolKey(clientId, Set.of(serverId), address, InetAddress.getLoopbackAddress());
    }

    <T> T onLoop(Callable<T> action) throws Exception {
        return loop.submit(action).get(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    CompletableFuture<OpenResult> openLater(PoolKey key, Recorder recorder, WindowBudget budget) {
        CompletableFuture<OpenResult> result = new CompletableFuture<>();
        loop.execute(() -> pool.open(key, new ConnectRequest("10.0.0.1:80", List.of()), budget, recorder, r -> {
            if (r instanceof OpenResult.Opened opened) {
                recorder.attach(opened.stream());
            }
            result.complete(r);
        }));
        return result;
    }

    OpenResult open(PoolKey key, Recorder recorder) throws Exception {
        return openLater(key, recorder, WindowBudget.unlimited()).get(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    HboneStream opened(PoolKey key, Recorder recorder) throws Exception {
        OpenResult result = open(key, recorder);
        assertThat(result).isInstanceOf(OpenResult.Opened.class);
        return ((OpenResult.Opened) result).stream();
    }

    OpenResult.Failed failed(PoolKey key) throws Exception {
        OpenResult result = open(key, new Recorder());
        assertThat(result).isInstanceOf(OpenResult.Failed.class);
        return (OpenResult.Failed) result;
    }

    /** Waits for a failure of this kind; the other end of the same tunnel may tell of one of its own before. */
    void awaitFailure(HboneFailure kind) throws InterruptedException {
        List<String> seen = new ArrayList<>();
        while (seen.isEmpty() || !seen.getLast().startsWith(kind + ": ")) {
            String failure = failures.poll(Recorder.TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (failure == null) {
                throw new AssertionError("no tunnel failed with " + kind + ", but " + seen);
            }
            seen.add(failure);
        }
    }

    @Override
    public void close() {
        for (Channel listener : listeners) {
            listener.close().syncUninterruptibly();
        }
        pool.close();
        for (HboneServer server : servers) {
            server.close();
        }
        // Bounded, as an agent bounds it: a loop of io_uring has been seen to wait for a completion that never came.
        var _ = group.shutdownGracefully(10, 2000, TimeUnit.MILLISECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
        mesh.close();
        assertThat(pool.stats().windowBytes()).as("window bytes still charged").isZero();
        for (HboneServer server : servers) {
            assertThat(server.stats().windowBytes())
                    .as("window bytes still charged")
                    .isZero();
        }
        assertThat(allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory())
                .as("bytes in buffers that nobody released")
                .isZero();
    }
}
