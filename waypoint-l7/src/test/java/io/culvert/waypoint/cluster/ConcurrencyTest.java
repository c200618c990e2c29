package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.ClusterPolicy.RetryBudget;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.LoadBalancer.HashKey;
import io.culvert.core.route.LoadBalancer.Warmup;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.http.ClientConnection;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.tunnel.Connector;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalIoHandler;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Three loops send requests while endpoints come and go and policies change: every try is answered, nothing is left. */
class ConcurrencyTest {
    private static final int LOOPS = 3;
    private static final int TRIES = 1500;
    private static final SpiffeId ID = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");

    private final long seed = System.nanoTime();
    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(LOOPS, LocalIoHandler.newFactory());
    private final MeshStore mesh = new MeshStore();
    private final Queue<FakeConnection> connections = new ConcurrentLinkedQueue<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final CountDownLatch finished = new CountDownLatch(LOOPS * TRIES);
    private final Surround surround = new Surround();
    private final ClusterBook book = new ClusterBook(loops, mesh::current, "", surround, surround);
    private volatile RouteTable table = RouteTable.EMPTY;

    @AfterEach
    void stop() throws InterruptedException {
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).await();
    }

    /** Connections that come later or fail, on the loop. */
    private final class Surround implements Connector, ClientCodecs {
        private static final ThreadLocal<EventLoop> MAKING = new ThreadLocal<>();

        @Override
        public Attempt connect(
                EventLoop loop,
                Endpoint endpoint,
                int servicePort,
                Duration timeout,
                ChannelHandler handler,
                Listener listener) {
            boolean[] cancelled = new boolean[1];
            boolean fails = endpoint.workload().uid().hashCode() % 7 == 0 && Math.floorMod(System.nanoTime(), 5) == 0;
            loop.execute(() -> {
                if (cancelled[0]) {
                    return;
                }
                if (fails) {
                    listener.onFailed(false, "refused");
                    return;
                }
                MAKING.set(loop);
                listener.onConnected(new EmbeddedChannel(handler));
            });
            return () -> cancelled[0] = true;
        }

        @Override
        public ClientConnection http1(Channel channel) {
            return made(false, 1);
        }

        @Override
        public ClientConnection http2(Channel channel) {
            return made(true, 10);
        }

        private ClientConnection made(boolean http2, int streams) {
            FakeConnection connection = new FakeConnection(MAKING.get(), http2, streams, "");
            connections.add(connection);
            return connection;
        }
    }

    private final class Request implements Upstreams.Try {
        private final EventLoop loop;
        private final Random random;
        private final RouteTable own = table;
        private final boolean again;

        Request(EventLoop loop, Random random) {
            this.loop = loop;
            this.random = random;
            again = random.nextInt(5) == 0;
        }

        @Override
        public EventLoop loop() {
            return loop;
        }

        @Override
        public RouteTable table() {
            return own;
        }

        @Override
        public Cluster cluster() {
            return own.clusters().values().iterator().next();
        }

        @Override
        public RequestHead request() {
            return new RequestHead("GET", "http", "cart", "/?u=" + random.nextInt(50), new Fields(), "");
        }

        @Override
        public InetAddress source() {
            return World.client(random.nextInt(100));
        }

        @Override
        public String clientProtocol() {
            return "HTTP/1.1";
        }

        @Override
        public Set<String> tried() {
            return again ? Set.of(uid(random.nextInt(10))) : Set.of();
        }

        @Override
        public boolean retry() {
            return again;
        }

        @Override
        public void onConnection(ClientConnection connection, Upstreams.Ticket ticket) {
            FakeConnection fake = (FakeConnection) connection;
            fake.begin();
            loop.execute(() -> {
                if (random.nextInt(20) == 0) {
                    ticket.onLocalFailure();
                    if (!fake.http2) {
                        fake.close();
                    } else {
                        fake.finish();
                    }
                } else {
                    ticket.onStatus(random.nextInt(4) == 0 ? 503 : 200, Duration.ofMillis(random.nextInt(10)));
                    fake.finish();
                }
                ticket.done();
                over();
            });
        }

        @Override
        public void onUnavailable(Upstreams.Unavailable why, String detail) {
            over();
        }

        private void over() {
            answered.incrementAndGet();
            finished.countDown();
        }
    }

    private static String uid(int pod) {
        return "Kubernetes//Pod/shop/pod-" + pod;
    }

    private void pod(int pod, boolean healthy) {
        mesh.apply(MeshUpdate.builder()
                .put(Workload.builder(uid(pod), ID)
                        .address(Ip.ofIpv4(0x0a00_0000L + pod))
                        .service(World.SERVICE, PortMap.of(80, 8080))
                        .capacity(1 + pod % 3)
                        .healthy(healthy)
                        .build())
                .build());
    }

    private void table(Algorithm algorithm, Random random) {
        ConnectionLimits limits = new ConnectionLimits(
                random.nextBoolean() ? Integer.MAX_VALUE : 3 + random.nextInt(5),
                random.nextBoolean() ? Integer.MAX_VALUE : 10,
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                random.nextInt(3) * 5,
                5,
                Duration.ofSeconds(1),
                Duration.ofSeconds(10),
                random.nextBoolean(),
                false);
        ClusterPolicy policy = new ClusterPolicy(
                new LoadBalancer(
                        algorithm,
                        new HashKey.Query("u"),
                        101,
                        null,
                        random.nextBoolean() ? new Warmup(Duration.ofMillis(50), 10, 1) : null),
                limits,
                new OutlierDetection(3, 0, 0, false, Duration.ofMillis(5), Duration.ofMillis(10), 50, 0),
                null,
                new RetryBudget(50, 3));
        Cluster cluster =
                new Cluster(Cluster.key(World.SERVICE, 80, ""), World.SERVICE, 80, "", Map.of(), Protocol.HTTP, policy);
        RouteTable next = new RouteTable(Map.of(), Map.of(cluster.key(), cluster), Map.of());
        book.onTable(next);
        table = next;
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void everyTryIsAnsweredAndNothingIsLeft(Algorithm algorithm) throws InterruptedException {
        Random random = new Random(seed);
        mesh.addListener(book);
        mesh.apply(MeshUpdate.builder()
                .put(Service.of("shop", "cart.shop.svc.cluster.local", List.of(), PortMap.of(80, 8080)))
                .build());
        for (int pod = 0; pod < 10; pod++) {
            pod(pod, true);
        }
        table(algorithm, random);
        List<EventLoop> all = new ArrayList<>();
        loops.forEach(loop -> all.add((EventLoop) loop));
        for (EventLoop loop : all) {
            Random own = new Random(random.nextLong());
            loop.execute(() -> sendSome(loop, own, TRIES));
        }
        while (finished.getCount() > 0 && !finished.await(1, TimeUnit.MILLISECONDS)) {
            switch (random.nextInt(4)) {
                case 0 -> pod(random.nextInt(10), random.nextInt(4) > 0);
                case 1 ->
                    mesh.apply(MeshUpdate.builder()
                            .removeAddress(uid(random.nextInt(10)))
                            .build());
                case 2 -> table(algorithm, random);
                default -> pod(random.nextInt(10), true);
            }
        }
        assertThat(answered).as("seed %s", seed).hasValue(LOOPS * TRIES);
        settle(all);
        ClusterStats stats = book.stats().iterator().next();
        assertThat(stats.requests()).as("seed %s", seed).isZero();
        assertThat(stats.pending()).as("seed %s", seed).isZero();
        assertThat(stats.retries()).as("seed %s", seed).isZero();
        for (int pod = 0; pod < 10; pod++) {
            mesh.apply(MeshUpdate.builder().removeAddress(uid(pod)).build());
        }
        settle(all);
        assertThat(connections.stream().filter(c -> !c.closed))
                .as("seed %s", seed)
                .isEmpty();
        assertThat(stats.connections()).as("seed %s", seed).isZero();
        assertThat(stats.ejected()).as("seed %s", seed).isZero();
    }

    private void sendSome(EventLoop loop, Random random, int left) {
        int now = Math.min(left, 1 + random.nextInt(20));
        for (int i = 0; i < now; i++) {
            var _ = book.acquire(new Request(loop, random));
        }
        if (left > now) {
            loop.execute(() -> sendSome(loop, random, left - now));
        }
    }

    /** Lets every loop run what it has, and what follows from that. */
    private static void settle(List<EventLoop> loops) throws InterruptedException {
        for (int round = 0; round < 20; round++) {
            for (EventLoop loop : loops) {
                loop.submit(() -> {}).await();
            }
        }
    }
}
