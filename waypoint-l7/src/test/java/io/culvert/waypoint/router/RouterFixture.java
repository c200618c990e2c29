package io.culvert.waypoint.router;

import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.route.Backend;
import io.culvert.core.route.Cluster;
import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.Protocol;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RouteTable;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.telemetry.AccessLog;
import io.culvert.core.telemetry.MetricsRegistry;
import io.culvert.identity.SpiffeId;
import io.culvert.waypoint.Addressed;
import io.culvert.waypoint.Client;
import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.RequestHandler;
import io.culvert.waypoint.http.RequestHead;
import io.culvert.waypoint.telemetry.RequestTelemetry;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A router between played clients and played apps, on a loop whose clock the test moves. */
final class RouterFixture implements AutoCloseable {
    static final Service SERVICE = Service.of("shop", "web.shop.svc.cluster.local", List.of(), PortMap.EMPTY);
    static final String CLUSTER = Cluster.key(SERVICE.key(), 80, "");

    final FakeUpstreams apps = new FakeUpstreams();
    final MetricsRegistry registry = new MetricsRegistry();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final AccessLog log = new AccessLog(registry, out);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<HttpRoutes.Entry> entries = new ArrayList<>();
    private final List<RequestPolicy> policies = new ArrayList<>();
    private Chance chance = bound -> bound - 1;
    private boolean attached;
    private RouterSettings settings = RouterSettings.DEFAULT;
    private @Nullable Router router;
    private @Nullable RouteTable table;
    Client client = client("spiffe://cluster.local/ns/front/sa/shopper");

    RouterFixture() {
        channel.freezeTime();
        log.start();
    }

    static Client client(String identity) {
        return new Client(
                SpiffeId.parse(identity),
                new InetSocketAddress("10.1.0.5", 40_000),
                new Addressed.ToService(SERVICE),
                80,
                new InetSocketAddress("10.96.0.7", 80));
    }

    RouterFixture chance(Chance value) {
        chance = value;
        return this;
    }

    RouterFixture settings(RouterSettings value) {
        settings = value;
        return this;
    }

    RouterFixture route(HttpMatch match, HttpRule rule) {
        entries.add(new HttpRoutes.Entry(match, rule));
        attached = true;
        table = null;
        return this;
    }

    RouterFixture route(HttpRule rule) {
        return route(HttpMatch.ANY, rule);
    }

    RouterFixture policy(RequestPolicy policy) {
        policies.add(policy);
        table = null;
        return this;
    }

    static Backend cluster(String subset) {
        return new Backend.ToCluster(Cluster.key(SERVICE.key(), 80, subset));
    }

    static Rules rule() {
        return new Rules();
    }

    RouteTable table() {
        if (table == null) {
            table = makeTable();
        }
        return table;
    }

    private RouteTable makeTable() {
        PortRoutes port = new PortRoutes(new HttpRoutes(entries, attached), Map.of(), List.of(), List.of());
        ServiceRoutes routes = new ServiceRoutes(SERVICE.key(), Map.of(0, port), policies);
        Cluster v2 = new Cluster(
                Cluster.key(SERVICE.key(), 80, "v2"),
                SERVICE.key(),
                80,
                "v2",
                Map.of("version", "v2"),
                Protocol.HTTP,
                ClusterPolicy.DEFAULT);
        return new RouteTable(Map.of(SERVICE.key(), routes), Map.of(v2.key(), v2), Map.of());
    }

    /** Made at the first request, with what was set until then. */
    private Router router() {
        if (router == null) {
            RequestTelemetry telemetry = new RequestTelemetry(registry, log, () -> MeshState.EMPTY, "");
            router = new Router(this::table, apps, telemetry, settings, chance);
        }
        return router;
    }

    FakeServer get(String path, String... fields) {
        return start("GET", path, true, fields);
    }

    FakeServer post(String path, String... fields) {
        return start("POST", path, false, fields);
    }

    /** A request; {@code fields} are names and values in turn. */
    FakeServer start(String method, String path, boolean complete, String... fields) {
        return start(head(method, path, fields), complete);
    }

    FakeServer start(RequestHead head, boolean complete) {
        FakeServer server = new FakeServer(channel.eventLoop(), head, complete);
        RequestHandler handler = router().handler(client);
        handler.onRequest(server);
        return server;
    }

    static RequestHead head(String method, String path, String... fields) {
        Fields all = new Fields();
        for (int i = 0; i < fields.length; i += 2) {
            all.add(fields[i], fields[i + 1]);
        }
        return new RequestHead(method, "http", "web.shop", path, all, "");
    }

    /** Lets time pass. */
    void pass(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    /** What the access log says; ends it. */
    String logged() {
        log.close();
        return out.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        log.close();
        channel.finishAndReleaseAll();
    }
}
