package io.culvert.core.xds;

import static io.culvert.core.xds.ResourceType.ADDRESS;
import static io.culvert.core.xds.ResourceType.AUTHORIZATION;
import static io.culvert.core.xds.ScriptedServer.policy;
import static io.culvert.core.xds.ScriptedServer.resource;
import static io.culvert.core.xds.ScriptedServer.workload;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.culvert.core.mesh.MeshDelta;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.Workload;
import io.culvert.core.xds.XdsStatus.Source;
import io.culvert.proto.workload.Address;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.xds.DeltaDiscoveryRequest;
import io.culvert.proto.xds.Resource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DeltaXdsClientTest {
    @TempDir
    private Path directory;

    private final ControlChannels channels = new ControlChannels();
    private final MeshStore store = new MeshStore();
    private final BlockingQueue<MeshDelta> deltas = new LinkedBlockingQueue<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private ScriptedServer server;

    @BeforeEach
    void begin() throws Exception {
        server = new ScriptedServer(directory.resolve("xds"));
        store.addListener((before, after, delta) -> deltas.add(delta));
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
        channels.close();
        server.close();
    }

    private DeltaXdsClient client(MeshStore into) {
        return client(into, directory.resolve("state.bin"));
    }

    private DeltaXdsClient client(MeshStore into, @Nullable Path file) {
        DeltaXdsClient client = new DeltaXdsClient(
                channels.open(new ControlEndpoint.Unix(directory.resolve("xds"))),
                () -> "secret",
                XdsNode.standalone("n1", "c", ""),
                into,
                null,
                file,
                InstantSource.system(),
                Duration.ofMillis(1));
        open.add(client);
        client.start();
        return client;
    }

    private MeshDelta delta() throws InterruptedException {
        MeshDelta delta = deltas.poll(10, TimeUnit.SECONDS);
        assertThat(delta).as("a change is applied").isNotNull();
        return delta;
    }

    /** The first requests of a stream, by type URL. */
    private Map<String, DeltaDiscoveryRequest> first() throws InterruptedException {
        Map<String, DeltaDiscoveryRequest> first = new HashMap<>();
        for (int i = 0; i < 2; i++) {
            DeltaDiscoveryRequest request = server.request();
            first.put(request.getTypeUrl(), request);
        }
        return first;
    }

    private static DeltaDiscoveryRequest of(Map<String, DeltaDiscoveryRequest> requests, ResourceType type) {
        DeltaDiscoveryRequest request = requests.get(type.url());
        assertThat(request).isNotNull();
        return request;
    }

    private @Nullable Workload pod(String name) {
        return store.current().workload("c//Pod/ns/" + name);
    }

    @Test
    void nothingIsServedBeforeEveryTypeHasAnswered() throws Exception {
        DeltaXdsClient client = client(store, null);
        ScriptedServer.Stream stream = server.accept();
        DeltaDiscoveryRequest asked = of(first(), ADDRESS);
        assertThat(asked.getNode().getId()).startsWith("ztunnel~").contains("culvert-n1");
        assertThat(asked.getNode().getMetadata().getFieldsOrThrow("NODE_NAME").getStringValue())
                .isEqualTo("n1");
        assertThat(asked.getResourceNamesSubscribeList()).isEmpty();

        stream.send(ADDRESS, "1", List.of(workload("a", "v1", "n1", "ns/p")));
        assertThat(server.request().getResponseNonce()).isEqualTo("1");
        assertThat(store.current().workloads()).isEmpty();
        assertThat(client.ready()).isNotDone();
        stream.send(AUTHORIZATION, "2", List.of(policy("p", "v1")));
        DeltaDiscoveryRequest ack = server.request();
        assertThat(ack.getResponseNonce()).isEqualTo("2");
        assertThat(ack.hasErrorDetail()).isFalse();
        assertThat(client.ready().get(10, TimeUnit.SECONDS)).isEqualTo(Source.CONTROL_PLANE);
        assertThat(pod("a")).isNotNull();
        assertThat(delta().policies()).containsExactly("ns/p");
        assertThat(client.status().connected()).isTrue();
        assertThat(client.status().resources()).containsEntry(ADDRESS, 1).containsEntry(AUTHORIZATION, 1);
    }

    @Test
    void aBadResourceIsRefusedAloneAndByName() throws Exception {
        DeltaXdsClient client = client(store, null);
        ScriptedServer.Stream stream = server.accept();
        first();
        stream.send(AUTHORIZATION, "1", List.of());
        server.request();
        Resource legacy = resource(
                ADDRESS,
                "c//Pod/ns/old",
                "v1",
                Address.newBuilder()
                        .setWorkload(io.culvert.proto.workload.Workload.newBuilder()
                                .setUid("c//Pod/ns/old")
                                .setNamespace("ns")
                                .setTunnelProtocol(TunnelProtocol.LEGACY_ISTIO_MTLS))
                        .build());
        Resource garbage = Resource.newBuilder()
                .setName("c//Pod/ns/garbage")
                .setResource(
                        Any.newBuilder().setTypeUrl(ADDRESS.url()).setValue(ByteString.copyFrom(new byte[] {-1, -1, -1
                        })))
                .build();
        stream.send(ADDRESS, "2", List.of(workload("a", "v1", "n1"), legacy, garbage, workload("b", "v1", "n1")));
        DeltaDiscoveryRequest nack = server.request();
        assertThat(nack.getResponseNonce()).isEqualTo("2");
        assertThat(nack.getErrorDetail().getMessage())
                .contains("c//Pod/ns/old: tunnel_protocol 2")
                .contains("c//Pod/ns/garbage: ")
                .doesNotContain("c//Pod/ns/a");
        assertThat(pod("a")).isNotNull();
        assertThat(pod("b")).isNotNull();
        assertThat(client.status().rejected()).containsOnlyKeys("c//Pod/ns/old", "c//Pod/ns/garbage");

        // The last good version stays when a bad one follows, and its version is the one that is told.
        stream.send(
                ADDRESS,
                "3",
                List.of(garbage.toBuilder()
                        .setName("c//Pod/ns/a")
                        .setVersion("v2")
                        .build()));
        assertThat(server.request().hasErrorDetail()).isTrue();
        assertThat(pod("a")).isNotNull();
        stream.fail();
        ScriptedServer.Stream again = server.accept();
        Map<String, DeltaDiscoveryRequest> requests = first();
        assertThat(of(requests, ADDRESS).getInitialResourceVersionsMap())
                .containsOnly(Map.entry("c//Pod/ns/a", "v1"), Map.entry("c//Pod/ns/b", "v1"));
        deltas.clear();
        again.send(ADDRESS, "4", List.of(), "c//Pod/ns/b");
        delta();
        assertThat(pod("b")).isNull();
    }

    @Test
    void anUnreadablePolicyDeniesItsNamespaceUntilItIsRightOrGone() throws Exception {
        client(store, null);
        ScriptedServer.Stream stream = server.accept();
        first();
        Resource garbage = Resource.newBuilder()
                .setName("ns/broken")
                .setResource(
                        Any.newBuilder().setTypeUrl(AUTHORIZATION.url()).setValue(ByteString.copyFrom(new byte[] {-1})))
                .build();
        stream.send(AUTHORIZATION, "1", List.of(garbage));
        assertThat(server.request().getErrorDetail().getMessage()).contains("ns/broken");
        stream.send(ADDRESS, "2", List.of());
        delta();
        assertThat(store.current().policy("ns/broken")).isNotNull();
        stream.fail();
        // It went while nobody listened: the first answer does not name it.
        ScriptedServer.Stream again = server.accept();
        assertThat(of(first(), AUTHORIZATION).getInitialResourceVersionsMap()).isEmpty();
        again.send(AUTHORIZATION, "3", List.of());
        delta();
        assertThat(store.current().policy("ns/broken")).isNull();
    }

    @Test
    void aWorkloadOfThisNodeWaitsForThePolicyThatItNames() throws Exception {
        client(store, null);
        ScriptedServer.Stream stream = server.accept();
        first();
        stream.send(AUTHORIZATION, "1", List.of());
        stream.send(ADDRESS, "2", List.of(workload("a", "v1", "n1"), workload("far", "v1", "n2")));
        delta();
        stream.send(ADDRESS, "3", List.of(workload("a", "v2", "n1", "ns/late")));
        server.request();
        server.request();
        server.request();
        assertThat(pod("a")).matches(w -> w.authorizationPolicies().isEmpty());
        stream.send(AUTHORIZATION, "4", List.of(policy("late", "v1")));
        MeshDelta together = delta();
        assertThat(together.policies()).containsExactly("ns/late");
        assertThat(together.workloads()).containsExactly("c//Pod/ns/a");
        // Of other nodes nothing is awaited, and in vain not for long.
        stream.send(ADDRESS, "5", List.of(workload("far", "v2", "n2", "ns/never")));
        assertThat(delta().workloads()).containsExactly("c//Pod/ns/far");
        stream.send(ADDRESS, "6", List.of(workload("a", "v3", "n1", "ns/late", "ns/never")));
        assertThat(delta().workloads()).containsExactly("c//Pod/ns/a");
    }

    @Test
    void partsThatBelongTogetherAreAppliedTogether() throws Exception {
        client(store, null);
        ScriptedServer.Stream stream = server.accept();
        first();
        stream.send(AUTHORIZATION, "1", List.of());
        stream.send(ADDRESS, "2", new PartMarker(7, true).toString(), List.of(workload("a", "v1", "n1")));
        stream.send(ADDRESS, "3", new PartMarker(7, true).toString(), List.of(workload("b", "v1", "n1")));
        stream.send(ADDRESS, "4", new PartMarker(7, false).toString(), List.of(workload("c", "v1", "n1")));
        assertThat(delta().workloads()).hasSize(3);
        stream.send(ADDRESS, "5", new PartMarker(8, true).toString(), List.of(workload("a", "v2", "n2")));
        stream.send(ADDRESS, "6", new PartMarker(8, false).toString(), List.of(), "c//Pod/ns/b");
        assertThat(delta().workloads()).containsExactlyInAnyOrder("c//Pod/ns/a", "c//Pod/ns/b");
    }

    @Test
    void whatWasAcceptedSurvivesTheEndOfItsStream() throws Exception {
        client(store, null);
        ScriptedServer.Stream stream = server.accept();
        first();
        stream.send(ADDRESS, "1", List.of(workload("a", "v1", "n1")));
        server.request();
        stream.fail();
        ScriptedServer.Stream again = server.accept();
        assertThat(of(first(), ADDRESS).getInitialResourceVersionsMap()).containsEntry("c//Pod/ns/a", "v1");
        again.send(ADDRESS, "2", List.of());
        again.send(AUTHORIZATION, "3", List.of());
        delta();
        assertThat(pod("a")).isNotNull();
    }

    @Test
    void aRestartWithoutControlPlaneServesTheLastGoodState() throws Exception {
        DeltaXdsClient client = client(store);
        ScriptedServer.Stream stream = server.accept();
        first();
        stream.send(AUTHORIZATION, "1", List.of(policy("p", "v1")));
        stream.send(ADDRESS, "2", List.of(workload("a", "v1", "n1", "ns/p")));
        client.ready().get(10, TimeUnit.SECONDS);
        client.close();
        server.close();

        MeshStore second = new MeshStore();
        DeltaXdsClient restarted = client(second);
        assertThat(restarted.ready().get(10, TimeUnit.SECONDS)).isEqualTo(Source.DISK);
        assertThat(second.current().workload("c//Pod/ns/a")).isEqualTo(pod("a"));
        assertThat(second.current().policy("ns/p")).isEqualTo(store.current().policy("ns/p"));
        assertThat(restarted.status().source()).isEqualTo(Source.DISK);
        Files.deleteIfExists(directory.resolve("xds"));
        server = new ScriptedServer(directory.resolve("xds"));
        server.accept();
        assertThat(of(first(), ADDRESS).getInitialResourceVersionsMap()).containsEntry("c//Pod/ns/a", "v1");
    }

    @Test
    void aDamagedLastGoodStateIsNamedAndTheControlPlaneAwaited() throws Exception {
        Path file = directory.resolve("state.bin");
        Files.writeString(file, "CULVMESH and then something else");
        DeltaXdsClient client = client(store);
        assertThat(client.ready()).isNotDone();
        assertThat(client.status().restoreFault()).contains(file.toString()).contains("cannot be used");
        ScriptedServer.Stream stream = server.accept();
        first();
        stream.send(AUTHORIZATION, "1", List.of());
        stream.send(ADDRESS, "2", List.of(workload("a", "v1", "n1")));
        assertThat(client.ready().get(10, TimeUnit.SECONDS)).isEqualTo(Source.CONTROL_PLANE);
    }
}
