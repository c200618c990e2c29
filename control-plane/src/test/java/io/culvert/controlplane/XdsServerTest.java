package io.culvert.controlplane;

import static io.culvert.controlplane.Compiled.uid;
import static io.culvert.controlplane.RawClient.names;
import static io.culvert.controlplane.RawClient.request;
import static io.culvert.core.xds.ResourceType.ADDRESS;
import static io.culvert.core.xds.ResourceType.AUTHORIZATION;
import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.xds.BearerToken;
import io.culvert.core.xds.ControlChannels;
import io.culvert.core.xds.ControlEndpoint;
import io.culvert.core.xds.DeltaXdsClient;
import io.culvert.core.xds.XdsNode;
import io.culvert.proto.xds.DeltaDiscoveryResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class XdsServerTest {
    @TempDir
    private Path directory;

    private final XdsCache cache = new XdsCache();
    private final DeltaXdsServer xds = new DeltaXdsServer(cache, InstantSource.system());
    private final ControlChannels channels = new ControlChannels();
    private GrpcListeners listeners;
    private ManagedChannel channel;

    @BeforeEach
    void begin() throws Exception {
        serve();
        channel = channels.open(new ControlEndpoint.Unix(directory.resolve("xds")));
    }

    private void serve() throws Exception {
        listeners = new GrpcListeners(List.of(xds), new CallerNode(t -> t.equals("good") ? "n1" : null));
        listeners.listen(directory.resolve("xds"));
    }

    @AfterEach
    void end() {
        channels.close();
        listeners.close();
    }

    private static BlockingQueue<MeshDelta> deltas(MeshStore store) {
        BlockingQueue<MeshDelta> deltas = new LinkedBlockingQueue<>();
        store.addListener((before, after, delta) -> deltas.add(delta));
        return deltas;
    }

    private static MeshDelta next(BlockingQueue<MeshDelta> deltas) throws InterruptedException {
        MeshDelta delta = deltas.poll(10, TimeUnit.SECONDS);
        assertThat(delta).as("a change is applied").isNotNull();
        return delta;
    }

    private String version(String pod) {
        CachedResource resource = cache.get(ADDRESS, uid(pod));
        return resource == null ? "none" : resource.version();
    }

    private AgentStatus.TypeStatus addresses() {
        AgentStatus.TypeStatus status = xds.clients().getFirst().types().get(ADDRESS);
        if (status == null) {
            throw new AssertionError("the client has not asked for addresses");
        }
        return status;
    }

    @Test
    void ourOwnClientIsKeptUpToDate() throws Exception {
        cache.apply(new Compiled()
                .pod("a", "10.0.0.1", "n1", "v1", "ns/svc")
                .service("svc", "10.96.0.1")
                .policy("p", 0)
                .delta());
        MeshStore store = new MeshStore();
        BlockingQueue<MeshDelta> deltas = deltas(store);
        try (DeltaXdsClient client = new DeltaXdsClient(
                channel, () -> "good", XdsNode.standalone("n1", "c", ""), store, null, InstantSource.system())) {
            client.start();
            client.ready().get(10, TimeUnit.SECONDS);
            assertThat(next(deltas).workloads()).containsExactly(uid("a"));
            assertThat(store.current().endpoints("ns/svc").all()).hasSize(1);

            cache.apply(
                    new Compiled().pod("a", "10.0.0.1", "n1", "v2", "ns/svc").delta());
            assertThat(next(deltas).workloads()).containsExactly(uid("a"));
            assertThat(store.current().workload(uid("a")))
                    .matches(w -> w.canonicalName().equals("v2"));

            cache.apply(new Compiled().without(uid("a")).withoutPolicy("p").delta());
            assertThat(next(deltas).workloads()).containsExactly(uid("a"));
            assertThat(next(deltas).policies()).containsExactly("ns/p");
            assertThat(store.current().workloads()).isEmpty();

            AgentStatus status = xds.clients().getFirst();
            assertThat(status.node()).isEqualTo("n1");
            assertThat(status.proved()).isTrue();
            assertThat(addresses().nack()).isNull();
        }
    }

    @Test
    void afterAReconnectOnlyDifferencesAreSent() throws Exception {
        cache.apply(new Compiled()
                .pod("same", "10.0.0.1", "n1", "v1")
                .pod("changes", "10.0.0.2", "n1", "v1")
                .pod("goes", "10.0.0.3", "n1", "v1")
                .delta());
        RawClient first = new RawClient(channel, false);
        first.send(request(ADDRESS));
        DeltaDiscoveryResponse all = first.response();
        assertThat(names(all)).containsExactly(uid("changes"), uid("goes"), uid("same"));
        first.cancel();

        cache.apply(new Compiled()
                .pod("changes", "10.0.0.2", "n1", "v2")
                .without(uid("goes"))
                .delta());
        var again = request(ADDRESS);
        all.getResourcesList().forEach(r -> again.putInitialResourceVersions(r.getName(), r.getVersion()));
        RawClient second = new RawClient(channel, false);
        second.send(again);
        DeltaDiscoveryResponse differences = second.response();
        assertThat(names(differences)).containsExactly(uid("changes"));
        assertThat(differences.getRemovedResourcesList()).containsExactly(uid("goes"));
        assertThat(second.isQuiet(100)).isTrue();

        // Nothing to say is said too: the client waits for it.
        RawClient third = new RawClient(channel, false);
        var current = request(ADDRESS);
        current.putInitialResourceVersions(uid("same"), version("same"));
        current.putInitialResourceVersions(uid("changes"), version("changes"));
        third.send(current);
        assertThat(third.response().getResourcesCount()).isZero();
    }

    @Test
    void versionsAreOfTheContentAndSameContentIsNoChange() throws Exception {
        cache.apply(new Compiled()
                .pod("a", "10.0.0.1", "n1", "v1", "ns/x", "ns/y", "ns/z")
                .delta());
        XdsCache other = new XdsCache();
        other.apply(new Compiled()
                .pod("a", "10.0.0.1", "n1", "v1", "ns/z", "ns/y", "ns/x")
                .delta());
        assertThat(other.get(ADDRESS, uid("a"))).matches(r -> r.version().equals(version("a")));
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS));
        client.response();
        cache.apply(new Compiled()
                .pod("a", "10.0.0.1", "n1", "v1", "ns/z", "ns/y", "ns/x")
                .delta());
        assertThat(client.isQuiet(100)).isTrue();
    }

    @Test
    void onDemandClientsAreToldWhatTheyAskedForByNameOrAlias() throws Exception {
        cache.apply(new Compiled()
                .pod("a", "10.0.0.1", "n1", "v1", "ns/svc")
                .pod("b", "10.0.0.2", "n1", "v1", "ns/svc")
                .pod("other", "10.0.0.3", "n1", "v1")
                .service("svc", "10.96.0.1")
                .delta());
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS).addResourceNamesUnsubscribe("*"));
        assertThat(client.response().getResourcesCount()).isZero();

        client.send(request(ADDRESS).addResourceNamesSubscribe("/10.0.0.3"));
        DeltaDiscoveryResponse byIp = client.response();
        assertThat(names(byIp)).containsExactly(uid("other"));
        assertThat(byIp.getResources(0).getAliasesList()).containsExactly("/10.0.0.3");

        // A service by its VIP brings its endpoints.
        client.send(request(ADDRESS).addResourceNamesSubscribe("/10.96.0.1"));
        assertThat(names(client.response())).containsExactly(uid("a"), uid("b"), "ns/svc");

        // What does not exist is said not to.
        client.send(request(ADDRESS).addResourceNamesSubscribe("/192.0.2.1"));
        assertThat(client.response().getRemovedResourcesList()).containsExactly("/192.0.2.1");

        // Changes of what is wanted come, of the rest not; an address that begins to exist comes too.
        cache.apply(new Compiled().pod("c", "10.0.0.9", "n2", "v1").delta());
        assertThat(client.isQuiet(100)).isTrue();
        cache.apply(new Compiled()
                .pod("d", "192.0.2.1", "n2", "v1")
                .pod("e", "10.0.0.10", "n2", "v1", "ns/svc")
                .without(uid("a"))
                .delta());
        DeltaDiscoveryResponse change = client.response();
        assertThat(names(change)).containsExactly(uid("d"), uid("e"));
        assertThat(change.getRemovedResourcesList()).containsExactly(uid("a"));
        assertThat(addresses().wildcard()).isFalse();
    }

    @Test
    void aWildcardMayBeTakenUpAndLeft() throws Exception {
        cache.apply(new Compiled().pod("a", "10.0.0.1", "n1", "v1").delta());
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS).addResourceNamesSubscribe("*"));
        assertThat(names(client.response())).containsExactly(uid("a"));
        client.send(request(ADDRESS).addResourceNamesUnsubscribe("*"));
        client.send(request(AUTHORIZATION));
        assertThat(client.response().getTypeUrl()).isEqualTo(AUTHORIZATION.url());
        cache.apply(new Compiled().pod("b", "10.0.0.2", "n1", "v1").delta());
        assertThat(client.isQuiet(100)).isTrue();
        client.send(request(ADDRESS).addResourceNamesSubscribe("*"));
        assertThat(names(client.response())).containsExactly(uid("a"), uid("b"));
    }

    @Test
    void policiesComeBeforeWorkloadsAndGoAfterThem() throws Exception {
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS));
        client.send(request(AUTHORIZATION));
        client.response();
        client.response();
        cache.apply(
                new Compiled().pod("a", "10.0.0.1", "n1", "v1").policy("new", 0).delta());
        assertThat(client.response().getTypeUrl()).isEqualTo(AUTHORIZATION.url());
        assertThat(client.response().getTypeUrl()).isEqualTo(ADDRESS.url());
        cache.apply(new Compiled()
                .pod("a", "10.0.0.1", "n1", "v2")
                .withoutPolicy("new")
                .delta());
        assertThat(client.response().getTypeUrl()).isEqualTo(ADDRESS.url());
        assertThat(client.response().getRemovedResourcesList()).containsExactly("ns/new");
    }

    @Test
    void largeAnswersComeInPartsThatSaySo() throws Exception {
        Compiled many = new Compiled();
        for (int i = 0; i < 2_500; i++) {
            many.pod("p" + i, "10.1." + i / 250 + "." + (1 + i % 250), "n1", "v1");
        }
        cache.apply(many.delta());
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS));
        for (int expected : new int[] {1_000, 1_000, 500}) {
            DeltaDiscoveryResponse part = client.response();
            assertThat(part.getResourcesCount()).isEqualTo(expected);
            assertThat(part.getSystemVersionInfo().endsWith(" more")).isEqualTo(expected == 1_000);
        }
        MeshStore store = new MeshStore();
        BlockingQueue<MeshDelta> deltas = deltas(store);
        try (DeltaXdsClient own = new DeltaXdsClient(
                channel, null, XdsNode.standalone("n1", "c", ""), store, null, InstantSource.system())) {
            own.start();
            assertThat(next(deltas).workloads()).hasSize(2_500);
        }
    }

    @Test
    void aClientThatDoesNotReadIsSentTheLatestAndSkipsTheRest() throws Exception {
        RawClient client = new RawClient(channel, true);
        client.send(request(AUTHORIZATION));
        client.take(1);
        client.response();
        // Far more than transport windows hold, of one policy that changes all the time.
        int changes = 400;
        for (int i = 1; i <= changes; i++) {
            cache.apply(new Compiled().policy("p", 20_000 + i).delta());
        }
        client.take(Integer.MAX_VALUE);
        int received = 0;
        int last = 0;
        while (last < 20_000 + changes) {
            DeltaDiscoveryResponse response = client.response();
            received++;
            last = io.culvert.proto.security.Authorization.parseFrom(
                            response.getResources(0).getResource().getValue())
                    .getRulesCount();
        }
        assertThat(received).isLessThan(changes / 2);
        assertThat(client.isQuiet(100)).isTrue();
    }

    @Test
    void answersAreNotedWithTheirReason() throws Exception {
        cache.apply(new Compiled().pod("a", "10.0.0.1", "n1", "v1").delta());
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS));
        DeltaDiscoveryResponse sent = client.response();
        client.send(request(ADDRESS)
                .setResponseNonce(sent.getNonce())
                .setErrorDetail(
                        io.culvert.proto.xds.Status.newBuilder().setCode(3).setMessage("a: not to my taste")));
        // The next answer shows that the last was handled.
        client.send(request(AUTHORIZATION));
        client.response();
        AgentStatus.TypeStatus status = addresses();
        assertThat(status.nack()).isEqualTo("a: not to my taste");
        assertThat(status.ackedRevision()).isEqualTo(status.sentRevision());
        assertThat(status.pending()).isZero();
    }

    @Test
    void streamsEndWhenTheServerDoesAndAreForgotten() throws Exception {
        RawClient client = new RawClient(channel, false);
        client.send(request(ADDRESS));
        client.response();
        assertThat(xds.clients()).hasSize(1);
        xds.endAll();
        assertThat(client.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }

    @Test
    void typesThatAreUnknownAreAnsweredWithNothing() throws Exception {
        RawClient client = new RawClient(BearerToken.on(channel, () -> "bad"), false);
        client.send(request(ADDRESS).setTypeUrl("type.googleapis.com/other.Type"));
        DeltaDiscoveryResponse response = client.response();
        assertThat(response.getTypeUrl()).isEqualTo("type.googleapis.com/other.Type");
        assertThat(response.getResourcesCount()).isZero();
    }
}
