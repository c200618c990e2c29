package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.Locality;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.ConnectionLimits;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.LoadBalancer;
import io.culvert.core.route.LoadBalancer.Algorithm;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RouteTable;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.http.Fields;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A mesh, a loop and a clock that stand still, and a book over them. */
final class World {
    static final String SERVICE = "shop/cart.shop.svc.cluster.local";
    static final String SELF = "Kubernetes//Pod/shop/waypoint";

    private static final SpiffeId ID = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");

    final long seed;
    final EmbeddedChannel channel = new EmbeddedChannel();
    final EventLoop loop = channel.eventLoop();
    final MeshStore mesh = new MeshStore();
    final FakeConnector connector = new FakeConnector();
    final ClusterBook book;
    final Map<String, Map<String, String>> labels = new HashMap<>();
    long nanos = TimeUnit.DAYS.toNanos(1);
    private RouteTable table = RouteTable.EMPTY;
    private int nextIp = 1;
    private ClusterPolicy policy = ClusterPolicy.DEFAULT;
    private Protocol protocol = Protocol.HTTP;

    World(long seed) {
        this(seed, PodClusters.MOST);
    }

    World(long seed, int mostPods) {
        this.seed = seed;
        Random random = new Random(seed);
        channel.freezeTime();
        book = new ClusterBook(
                new Surroundings(new Loops(loop), mesh::current, SELF, connector, connector, () -> nanos, random),
                mostPods);
        mesh.addListener(book);
        mesh.apply(MeshUpdate.builder()
                .put(Service.of("shop", "cart.shop.svc.cluster.local", List.of(), PortMap.of(80, 8080)))
                .build());
    }

    static String uid(String name) {
        return "Kubernetes//Pod/shop/" + name;
    }

    static Locality locality(String text) {
        String[] parts = (text + "//").split("/", -1);
        return new Locality(parts[0], parts[1], parts[2]);
    }

    void pods(String... names) {
        for (String name : names) {
            pod(name, 1, "", true);
        }
    }

    void pod(String name, int capacity, String locality, boolean healthy) {
        Workload old = mesh.current().workload(uid(name));
        Ip ip = old == null
                ? Ip.parse("10.0." + nextIp / 250 + "." + (1 + nextIp++ % 250))
                : old.addresses().getFirst();
        pod(name, ip, capacity, locality, healthy);
    }

    void pod(String name, Ip ip, int capacity, String locality, boolean healthy) {
        mesh.apply(MeshUpdate.builder()
                .put(Workload.builder(uid(name), ID)
                        .address(ip)
                        .service(SERVICE, PortMap.of(80, 8080))
                        .capacity(capacity)
                        .locality(locality(locality))
                        .healthy(healthy)
                        .build())
                .build());
        settle();
    }

    void self(String locality) {
        mesh.apply(MeshUpdate.builder()
                .put(Workload.builder(SELF, ID).locality(locality(locality)).build())
                .build());
        settle();
    }

    void remove(String name) {
        mesh.apply(MeshUpdate.builder().removeAddress(uid(name)).build());
        settle();
    }

    void settle() {
        channel.runPendingTasks();
    }

    void pass(Duration time) {
        nanos += time.toNanos();
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    World protocol(Protocol now) {
        protocol = now;
        return swap();
    }

    World policy(ClusterPolicy now) {
        policy = now;
        return swap();
    }

    World balance(LoadBalancer balancer) {
        return policy(new ClusterPolicy(
                balancer, policy.limits(), policy.outliers(), policy.affinity(), policy.retryBudget()));
    }

    World balance(Algorithm algorithm) {
        return balance(new LoadBalancer(algorithm, null, 0, null, null));
    }

    World outliers(@Nullable OutlierDetection outliers) {
        return policy(new ClusterPolicy(
                policy.loadBalancer(), policy.limits(), outliers, policy.affinity(), policy.retryBudget()));
    }

    World limits(ConnectionLimits limits) {
        return policy(new ClusterPolicy(
                policy.loadBalancer(), limits, policy.outliers(), policy.affinity(), policy.retryBudget()));
    }

    World limits(int connections, int pending, int requests, int retries) {
        return limits(new ConnectionLimits(
                connections,
                pending,
                requests,
                retries,
                0,
                Integer.MAX_VALUE,
                Duration.ofSeconds(10),
                Duration.ofHours(1),
                false,
                false));
    }

    /** A new table with the cluster as it is now. */
    World swap() {
        Cluster cluster = new Cluster(Cluster.key(SERVICE, 80, ""), SERVICE, 80, "", Map.of(), protocol, policy);
        table = new RouteTable(Map.of(), Map.of(cluster.key(), cluster), Map.copyOf(labels));
        book.onTable(table);
        settle();
        return this;
    }

    ClusterPolicy policy() {
        return policy;
    }

    RouteTable table() {
        return table;
    }

    Cluster cluster() {
        Cluster known = table.clusters().get(Cluster.key(SERVICE, 80, ""));
        return known == null ? Cluster.of(SERVICE, 80, protocol) : known;
    }

    ClusterStats stats() {
        return book.stats().iterator().next();
    }

    MeshState state() {
        return mesh.current();
    }

    FakeTry attempt() {
        return new FakeTry(this, new Fields());
    }

    FakeTry attempt(String name, String value) {
        return new FakeTry(this, new Fields().add(name, value));
    }

    /** Sends a request and ends it with a status: the name of the pod that it went to. */
    String once(FakeTry attempt, int status) {
        attempt.send();
        connector.acceptAll();
        String name = attempt.pod();
        attempt.finish(status);
        return name;
    }

    String once() {
        return once(attempt(), 200);
    }

    /** How many of {@code times} requests, one after the other, each pod got. */
    Map<String, Integer> spread(int times) {
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i < times; i++) {
            counts.merge(once(), 1, Integer::sum);
        }
        return counts;
    }

    static InetAddress client(int number) {
        return Ip.ofIpv4(0x0a01_0000L + number).toInetAddress();
    }
}
