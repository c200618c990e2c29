package io.culvert.waypoint.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.hbone.ConnectHandler;
import io.culvert.core.hbone.ConnectRequest;
import io.culvert.core.hbone.HbonePool;
import io.culvert.core.hbone.HboneServer;
import io.culvert.core.hbone.HboneSettings;
import io.culvert.core.hbone.HboneStreamHandler;
import io.culvert.core.hbone.Header;
import io.culvert.core.hbone.MeshTunnelTls;
import io.culvert.core.hbone.OpenResult;
import io.culvert.core.hbone.PoolKey;
import io.culvert.core.hbone.TunnelEvents;
import io.culvert.core.hbone.TunnelTls;
import io.culvert.core.hbone.WindowBudget;
import io.culvert.core.linux.MeshSockets;
import io.culvert.core.linux.Transport;
import io.culvert.core.tls.MeshTls;
import io.culvert.identity.SpiffeId;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Real tunnels over loopback: clients' pools, and node proxies at addresses of their own, port 15008. */
final class Loopback implements AutoCloseable {
    static final long SECONDS = 10;

    final TestCredentials credentials = new TestCredentials();
    final MeshTls meshTls = new MeshTls(InstantSource.system());
    final TunnelTls tls = new MeshTunnelTls(meshTls, credentials);
    final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(2, Transport.EPOLL.factory());
    final EventLoop loop = group.next();
    final HbonePool pool;
    /** Two bytes of 127.x.y.z that no other test of this run has, so that 15008 is free there. */
    private final String net = "127." + ThreadLocalRandom.current().nextInt(1, 255) + "."
            + ThreadLocalRandom.current().nextInt(0, 255) + ".";

    private final List<HboneServer> servers = new ArrayList<>();
    private final List<Channel> listeners = new ArrayList<>();

    Loopback() throws Exception {
        this(HboneSettings.DEFAULT);
    }

    Loopback(HboneSettings clients) throws Exception {
        pool = new HbonePool(
                List.of(loop),
                key -> new EpollSocketChannel(),
                tls,
                TunnelEvents.NONE,
                clients,
                InstantSource.system());
    }

    /** Address {@code 127.x.y.n}. */
    String ip(int n) {
        return net + n;
    }

    SpiffeId issue(String account) {
        SpiffeId id = TestCredentials.id(account);
        credentials.retain(id);
        return id;
    }

    /** A node proxy that serves {@code account} at {@code 127.x.y.n}. */
    HboneServer serve(int n, String account, ConnectHandler handler, HboneSettings settings) throws Exception {
        HboneServer server = new HboneServer(
                issue(account),
                handler,
                WindowBudget::unlimited,
                tls,
                TunnelEvents.NONE,
                settings,
                InstantSource.system());
        servers.add(server);
        listeners.add(new ServerBootstrap()
                .group(group.next())
                .channel(EpollServerSocketChannel.class)
                .childHandler(server.initializer())
                .bind(new InetSocketAddress(InetAddress.ofLiteral(ip(n)), MeshSockets.HBONE_PORT))
                .sync()
                .channel());
        return server;
    }

    PoolKey key(String from, String to, InetSocketAddress at) {
        return new PoolKey(issue(from), Set.of(TestCredentials.id(to)), at, InetAddress.getLoopbackAddress());
    }

    PoolKey key(String from, String to, int n) {
        return key(from, to, new InetSocketAddress(InetAddress.ofLiteral(ip(n)), MeshSockets.HBONE_PORT));
    }

    OpenResult open(PoolKey key, String authority, HboneStreamHandler handler, Header... headers) throws Exception {
        CompletableFuture<OpenResult> result = new CompletableFuture<>();
        loop.execute(() -> pool.open(
                key,
                new ConnectRequest(authority, List.of(headers)),
                WindowBudget.unlimited(),
                handler,
                result::complete));
        return result.get(SECONDS, TimeUnit.SECONDS);
    }

    /** An open stream that {@code recorder} is told of. */
    Recorder connect(PoolKey key, String authority, Header... headers) throws Exception {
        Recorder recorder = new Recorder();
        OpenResult result = open(key, authority, recorder, headers);
        assertThat(result).isInstanceOf(OpenResult.Opened.class);
        recorder.attach(((OpenResult.Opened) result).stream());
        return recorder;
    }

    int refused(PoolKey key, String authority, Header... headers) throws Exception {
        OpenResult result = open(key, authority, new Recorder(), headers);
        assertThat(result).isInstanceOf(OpenResult.Refused.class);
        return ((OpenResult.Refused) result).status();
    }

    <T> T onLoop(Callable<T> action) throws Exception {
        return loop.submit(action).get(SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        listeners.forEach(listener -> listener.close().syncUninterruptibly());
        pool.close();
        servers.forEach(HboneServer::close);
        group.shutdownGracefully(10, 2000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        meshTls.close();
        assertThat(pool.stats().windowBytes()).as("window bytes of clients").isZero();
        for (HboneServer server : servers) {
            assertThat(server.stats().windowBytes())
                    .as("window bytes of node proxies")
                    .isZero();
        }
    }
}
