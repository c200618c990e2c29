package io.culvert.core.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.linux.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The life of tunnels in a pool, over loopback with real TLS. */
@Timeout(60)
class HbonePoolTest {
    Transport transport() {
        return Transport.EPOLL;
    }

    private static final HboneSettings.Timeouts T = HboneSettings.Timeouts.DEFAULT;

    private static HboneSettings quick(Duration connect, Duration settings, Duration response, Duration tick) {
        return HboneSettings.DEFAULT.with(
                new HboneSettings.Timeouts(connect, settings, response, tick, tick, T.idle(), Duration.ofMillis(200)));
    }

    private static HboneSettings streams(int perTunnel, int concurrent) {
        HboneSettings.Limits d = HboneSettings.Limits.DEFAULT;
        return HboneSettings.DEFAULT.with(new HboneSettings.Limits(
                perTunnel, concurrent, d.serverHeaderBytes(), d.clientHeaderBytes(), 4, d.waitingOpens()));
    }

    private static void finish(Loopback net, Recorder app) throws Exception {
        net.onLoop(() -> {
            app.stream().finish();
            return null;
        });
        app.awaitClosed();
    }

    @Test
    void opens_at_the_same_time_share_one_connection_attempt() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(Echo.server());
            List<CompletableFuture<OpenResult>> opens = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                opens.add(net.openLater(key, new Recorder(), WindowBudget.unlimited()));
            }
            for (CompletableFuture<OpenResult> open : opens) {
                assertThat(open.get(20, TimeUnit.SECONDS)).isInstanceOf(OpenResult.Opened.class);
            }
            assertThat(net.sockets).hasSize(1);
        }
    }

    @Test
    void the_pool_grows_at_the_stream_limit_and_uses_returned_capacity() throws Exception {
        try (Loopback net = new Loopback(transport(), streams(2, 100))) {
            PoolKey key = net.listen(Echo.server());
            List<Recorder> apps = new ArrayList<>();
            Set<Tunnel> tunnels = new HashSet<>();
            for (int i = 0; i < 5; i++) {
                apps.add(new Recorder());
                tunnels.add(net.opened(key, apps.get(i)).tunnel());
            }
            assertThat(tunnels).hasSize(3);
            Tunnel first = apps.getFirst().stream().tunnel();
            finish(net, apps.getFirst());
            assertThat(net.opened(key, new Recorder()).tunnel()).isSameAs(first);
            assertThat(net.sockets).hasSize(3);
        }
    }

    @Test
    void more_opens_than_all_tunnels_may_take_fail_as_a_stream_limit() throws Exception {
        try (Loopback net = new Loopback(transport(), streams(1, 100))) {
            PoolKey key = net.listen(Echo.server());
            for (int i = 0; i < 4; i++) {
                net.opened(key, new Recorder());
            }
            assertThat(net.failed(key).kind()).isEqualTo(HboneFailure.STREAM_LIMIT);
        }
    }

    @Test
    void the_servers_limit_is_announced_and_kept() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(net.newServer(Echo.server(), streams(100, 3)));
            Set<Tunnel> tunnels = new HashSet<>();
            for (int i = 0; i < 7; i++) {
                tunnels.add(net.opened(key, new Recorder()).tunnel());
            }
            assertThat(tunnels).hasSize(3);
        }
    }

    @Test
    void a_rotation_moves_new_streams_to_a_new_tunnel_and_leaves_the_old_ones_alone() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(Echo.server());
            Recorder before = new Recorder();
            Tunnel old = net.opened(key, before).tunnel();
            net.mesh.issue("client");
            net.pool.onRotated(net.clientId);
            Recorder after = new Recorder();
            assertThat(net.opened(key, after).tunnel()).isNotSameAs(old);
            net.onLoop(() -> {
                before.send(5000, 100, true);
                return null;
            });
            assertThat(before.awaitFinished()).isEqualTo(5000);
            net.sockets.getFirst().closeFuture().get(20, TimeUnit.SECONDS);
            assertThat(net.sockets.getLast().isOpen()).isTrue();
        }
    }

    @Test
    void no_tunnel_outlives_a_certificate_by_more_than_a_drain() throws Exception {
        HboneSettings settings = quick(T.connect(), T.settings(), T.response(), T.pingInterval());
        try (Loopback net = new Loopback(transport(), settings)) {
            net.mesh.issue("server", Duration.ofMillis(1500));
            PoolKey key = net.listen(net.newServer(Echo.server(), HboneSettings.DEFAULT));
            Recorder app = new Recorder();
            HboneStream stream = net.opened(key, app);
            assertThat(app.awaitReset().kind()).isEqualTo(ResetReason.Kind.EXPIRED);
            assertThat(stream.tunnel().expiresAt()).isBefore(java.time.Instant.now());
        }
    }

    @Test
    void a_removed_peer_loses_its_idle_tunnels_at_once_and_busy_ones_when_they_are_done() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(Echo.server());
            Recorder app = new Recorder();
            net.opened(key, app);
            net.pool.invalidate(k -> k.equals(key));
            Recorder next = new Recorder();
            net.opened(key, next);
            assertThat(net.sockets).hasSize(2);
            assertThat(net.sockets.getFirst().isOpen()).isTrue();
            finish(net, app);
            net.sockets.getFirst().closeFuture().get(20, TimeUnit.SECONDS);
            net.pool.abort(k -> true);
            assertThat(next.awaitReset().kind()).isEqualTo(ResetReason.Kind.DRAINED);
        }
    }

    @Test
    void an_idle_tunnel_is_released() throws Exception {
        HboneSettings settings = HboneSettings.DEFAULT.with(new HboneSettings.Timeouts(
                T.connect(),
                T.settings(),
                T.response(),
                Duration.ofMillis(200),
                T.pingTimeout(),
                Duration.ofSeconds(1),
                T.drain()));
        try (Loopback net = new Loopback(transport(), settings)) {
            PoolKey key = net.listen(Echo.server());
            Recorder app = new Recorder();
            net.opened(key, app);
            finish(net, app);
            net.sockets.getFirst().closeFuture().get(20, TimeUnit.SECONDS);
            net.opened(key, new Recorder());
        }
    }

    @Test
    void a_peer_with_another_identity_is_refused_before_http2_begins() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey right = net.listen(Echo.server());
            PoolKey wrong =
                    new PoolKey(net.clientId, Set.of(net.mesh.id("someone-else")), right.destination(), right.source());
            OpenResult.Failed failed = net.failed(wrong);
            assertThat(failed.kind()).isEqualTo(HboneFailure.WRONG_PEER);
            assertThat(failed.detail()).contains("/sa/someone-else").contains("/sa/server");
            net.awaitFailure(HboneFailure.WRONG_PEER);
            assertThat(net.pool.stats().tunnelsUp()).isZero();
        }
    }

    @Test
    void nobody_listening_and_no_certificate_are_told_apart() throws Exception {
        try (Loopback net = new Loopback(
                transport(), quick(Duration.ofMillis(300), T.settings(), T.response(), T.pingInterval()))) {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            PoolKey nobody = net.key(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            assertThat(net.failed(nobody).kind()).isEqualTo(HboneFailure.CONNECT);
            PoolKey unknown = new PoolKey(
                    net.mesh.id("without-certificate"), nobody.expected(), nobody.destination(), nobody.source());
            assertThat(net.failed(unknown).kind()).isEqualTo(HboneFailure.CREDENTIALS);
        }
    }

    @Test
    void a_credential_that_comes_late_is_waited_for() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey known = net.listen(Echo.server());
            PoolKey late = new PoolKey(net.mesh.id("late"), known.expected(), known.destination(), known.source());
            CompletableFuture<OpenResult> open = net.openLater(late, new Recorder(), WindowBudget.unlimited());
            net.onLoop(() -> null);
            net.mesh.issue("late");
            assertThat(open.get(20, TimeUnit.SECONDS)).isInstanceOf(OpenResult.Opened.class);
        }
    }

    @Test
    void a_busy_loop_gets_company_of_an_idle_one_and_is_used_again_when_it_has_time() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(Echo.server());
            EventLoop first = net.loop;
            EventLoop second = net.serverLoop;
            AtomicInteger firstLoad = new AtomicInteger();
            AtomicInteger secondLoad = new AtomicInteger();
            try (HbonePool pool = new HbonePool(
                    List.of(first, second),
                    net::newChannel,
                    net.mesh.tls(),
                    net.events(),
                    HboneSettings.DEFAULT,
                    InstantSource.system(),
                    loop -> loop.equals(first) ? firstLoad::get : secondLoad::get)) {
                assertThat(pool.loopFor(key)).isSameAs(first);
                firstLoad.set(90);
                Tunnel one = open(pool, key, first).tunnel();
                assertThat(pool.loopFor(key)).as("while the first is busy").isSameAs(second);
                Tunnel other = open(pool, key, second).tunnel();
                assertThat(other).isNotSameAs(one);
                secondLoad.set(90);
                open(pool, key, second);
                firstLoad.set(80);
                open(pool, key, first);
                assertThat(pool.loopFor(key)).as("the less busy one of two").isSameAs(first);
                firstLoad.set(10);
                assertThat(open(pool, key, first).tunnel()).isSameAs(one);
                assertThat(pool.loopFor(key)).as("the first that is not busy").isSameAs(first);
                assertThat(net.sockets).hasSize(2);
            }
        }
    }

    private static HboneStream open(HbonePool pool, PoolKey key, EventLoop loop) throws Exception {
        CompletableFuture<OpenResult> result = new CompletableFuture<>();
        loop.execute(() -> pool.open(
                key, new ConnectRequest("h:1", List.of()), WindowBudget.unlimited(), new Recorder(), result::complete));
        OpenResult opened = result.get(20, TimeUnit.SECONDS);
        assertThat(opened).isInstanceOf(OpenResult.Opened.class);
        return ((OpenResult.Opened) opened).stream();
    }

    @Test
    void a_thread_s_load_is_measured_anew_after_a_while_only() {
        long[] time = {0, 0};
        ThreadLoad load = new ThreadLoad(() -> time[0], () -> time[1]);
        time[0] = 100_000_000;
        time[1] = 90_000_000;
        assertThat(load.getAsInt()).isZero();
        time[0] = 300_000_000;
        time[1] = 240_000_000;
        assertThat(load.getAsInt()).isEqualTo(80);
        time[0] = 800_000_000;
        assertThat(load.getAsInt()).isZero();
    }

    @Test
    void a_peer_that_is_silent_after_the_tcp_handshake_fails_in_time() throws Exception {
        try (Loopback net = new Loopback(transport());
                io.culvert.core.tls.MeshTls impatient = new io.culvert.core.tls.MeshTls(
                        InstantSource.system(), Duration.ofMillis(300), io.culvert.core.tls.KeyAgreement.HYBRID)) {
            PoolKey key = net.key(net.bind(new ChannelInboundHandlerAdapter()));
            try (HbonePool pool = new HbonePool(
                    List.of(net.loop),
                    k -> {
                        Channel ch = transport().socket(io.netty.channel.socket.SocketProtocolFamily.INET);
                        net.sockets.add(ch);
                        return ch;
                    },
                    new MeshTunnelTls(impatient, net.mesh),
                    TunnelEvents.NONE,
                    HboneSettings.DEFAULT,
                    java.time.InstantSource.system())) {
                CompletableFuture<OpenResult> result = new CompletableFuture<>();
                net.loop.execute(() -> pool.open(
                        key,
                        new ConnectRequest("h:1", List.of()),
                        WindowBudget.unlimited(),
                        new Recorder(),
                        result::complete));
                assertThat(result.get(20, TimeUnit.SECONDS))
                        .isInstanceOfSatisfying(
                                OpenResult.Failed.class,
                                f -> assertThat(f.kind()).isEqualTo(HboneFailure.TLS));
            }
        }
    }

    @Test
    void a_peer_that_never_sends_settings_or_never_answers_fails_in_time() throws Exception {
        HboneSettings settings =
                quick(T.connect(), Duration.ofMillis(300), Duration.ofSeconds(1), Duration.ofMillis(300));
        try (Loopback net = new Loopback(
                transport(),
                HboneSettings.DEFAULT.with(new HboneSettings.Timeouts(
                        T.connect(),
                        Duration.ofMillis(300),
                        Duration.ofSeconds(1),
                        Duration.ofMillis(300),
                        T.pingTimeout(),
                        T.idle(),
                        T.drain())))) {
            PoolKey silent = net.key(net.bind(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel ch) {
                    var context = net.mesh.meshTls().server(net.mesh.credentials(net.serverId));
                    ch.pipeline().addLast(net.mesh.meshTls().newHandler(context, ch.alloc()));
                }
            }));
            OpenResult.Failed failed = net.failed(silent);
            assertThat(failed.kind()).isEqualTo(HboneFailure.H2_HANDSHAKE);
            assertThat(failed.detail()).contains("no SETTINGS");

            BlockingQueue<IncomingConnect> asked = new LinkedBlockingQueue<>();
            PoolKey forgetful = net.listen(asked::add);
            assertThat(net.failed(forgetful).kind()).isEqualTo(HboneFailure.RESPONSE_TIMEOUT);

            PoolKey slowServer = net.listen(net.newServer(asked::add, settings));
            OpenResult late = net.open(slowServer, new Recorder());
            assertThat(late).isNotInstanceOf(OpenResult.Opened.class);
        }
    }

    @Test
    void a_peer_that_no_longer_answers_pings_is_given_up() throws Exception {
        HboneSettings settings = quick(T.connect(), T.settings(), T.response(), Duration.ofMillis(200));
        List<Channel> accepted = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Loopback net = new Loopback(transport(), settings)) {
            HboneServer server = net.newServer(Echo.server(), HboneSettings.DEFAULT);
            PoolKey key = net.key(net.bind(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel ch) {
                    accepted.add(ch);
                    ch.pipeline().addLast(server.initializer());
                }
            }));
            Recorder app = new Recorder();
            net.opened(key, app);
            accepted.getFirst().config().setAutoRead(false);
            assertThat(app.awaitReset().kind()).isEqualTo(ResetReason.Kind.PING_TIMEOUT);
            assertThat(net.pool.stats().pingTimeouts()).isEqualTo(1);
        }
    }

    @Test
    void a_drain_lets_streams_finish_and_then_resets_what_is_left() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(Echo.server());
            Recorder quick = new Recorder();
            net.opened(key, quick);
            Recorder stays = new Recorder();
            net.opened(key, stays);
            CompletableFuture<Void> drained = net.pool.drain(Duration.ofMillis(700));
            assertThat(net.failed(key).kind()).isEqualTo(HboneFailure.DRAINING);
            finish(net, quick);
            assertThat(stays.awaitReset().kind()).isEqualTo(ResetReason.Kind.DRAINED);
            drained.get(20, TimeUnit.SECONDS);
            assertThat(net.sockets).allMatch(ch -> !ch.isOpen());
        }
    }

    @Test
    void a_server_that_drains_sends_new_streams_to_a_new_tunnel() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            HboneServer first = net.newServer(Echo.server(), HboneSettings.DEFAULT);
            HboneServer second = net.newServer(Echo.server(), HboneSettings.DEFAULT);
            List<Channel> accepted = new java.util.concurrent.CopyOnWriteArrayList<>();
            PoolKey key = net.key(net.bind(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel ch) {
                    accepted.add(ch);
                    ch.pipeline().addLast((accepted.size() == 1 ? first : second).initializer());
                }
            }));
            Recorder app = new Recorder();
            net.opened(key, app);
            CompletableFuture<Void> drained = first.drain(Duration.ofSeconds(20));
            // Opened while the GOAWAYs are on their way: none may be lost.
            for (int i = 0; i < 50; i++) {
                Recorder next = new Recorder();
                net.opened(key, next);
                finish(net, next);
            }
            finish(net, app);
            drained.get(20, TimeUnit.SECONDS);
            assertThat(accepted).hasSize(2);
        }
    }

    @Test
    void garbage_and_strangers_are_refused_and_disturb_nobody() throws Exception {
        try (Loopback net = new Loopback(transport())) {
            PoolKey key = net.listen(Echo.server());
            Recorder app = new Recorder();
            net.opened(key, app);
            try (java.net.Socket socket = new java.net.Socket(
                    key.destination().getAddress(), key.destination().getPort())) {
                socket.getOutputStream()
                        .write("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                socket.setSoTimeout(20_000);
                while (socket.getInputStream().read() >= 0) {
                    // an alert, perhaps
                }
            }
            net.awaitFailure(HboneFailure.TLS);
            net.onLoop(() -> {
                app.send(10, 1, true);
                return null;
            });
            assertThat(app.awaitFinished()).isEqualTo(10);
        }
    }
}
