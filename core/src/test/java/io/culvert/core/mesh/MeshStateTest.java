package io.culvert.core.mesh;

import static io.culvert.core.mesh.Samples.pod;
import static io.culvert.core.mesh.Samples.service;
import static io.culvert.core.mesh.Samples.update;
import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.workload.Service.Visibility;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeshStateTest {
    private final MeshStore store = new MeshStore();

    private static Service with(Service s, boolean canonical, Visibility visibility) {
        return new Service(
                s.key(),
                s.name(),
                s.namespace(),
                s.hostname(),
                s.vips(),
                s.ports(),
                s.subjectAltNames(),
                s.waypoint(),
                s.weightedWaypoints(),
                s.ingressUseWaypoint(),
                s.loadBalancing(),
                s.ipFamilies(),
                canonical,
                visibility);
    }

    private @Nullable String serviceAt(String ip, String namespace) {
        Service found = store.current().serviceAt("", Ip.parse(ip), namespace);
        return found == null ? null : found.namespace();
    }

    @ParameterizedTest(name = "a client of {0} gets the service of {1}")
    @CsvSource({"red, red", "green, green", "blue, blue", "other, blue"})
    void aVipMeansTheClientsNamespaceThenTheCanonicalService(String client, String expected) {
        store.apply(update(
                service("red", "api.example", "10.96.0.1"),
                service("green", "api.example", "10.96.0.1"),
                with(service("blue", "api.example", "10.96.0.1"), true, Visibility.PUBLIC)));
        assertThat(serviceAt("10.96.0.1", client)).isEqualTo(expected);
        assertThat(store.current().serviceNamed("api.example", client))
                .extracting(Service::namespace)
                .isEqualTo(expected);
    }

    @Test
    void withoutOwnOrCanonicalTheFirstByKeyIsMeant() {
        store.apply(update(service("red", "api.example", "10.96.0.1"), service("green", "api.example", "10.96.0.1")));
        assertThat(serviceAt("10.96.0.1", "other")).isEqualTo("green");
    }

    @Test
    void aServiceOfNamespaceVisibilityIsSeenByItsNamespaceOnly() {
        store.apply(update(with(service("red", "api.example", "10.96.0.1"), true, Visibility.NAMESPACE)));
        assertThat(serviceAt("10.96.0.1", "red")).isEqualTo("red");
        assertThat(serviceAt("10.96.0.1", "green")).isNull();
        assertThat(store.current().serviceNamed("api.example", "green")).isNull();
    }

    @ParameterizedTest(name = "{0} as seen from {1} is of {2}")
    @CsvSource({
        "10.1.1.1, other, exact",
        "10.1.1.2, other, narrow",
        "10.1.2.2, other, wide",
        "10.1.1.2, wide, wide",
        "10.2.0.0, other, ",
        "fd00:1::5, other, narrow",
        "fd00::5, other, wide",
        "192.0.2.1, other, "
    })
    void rangesAreFoundByOwnNamespaceThenLongestPrefix(String ip, String client, @Nullable String expected) {
        store.apply(update(
                service("exact", "e.example", "10.1.1.1"),
                service("narrow", "n.example", "10.1.1.0/24", "fd00:1::/32"),
                service("wide", "w.example", "10.1.0.0/16", "fd00::/16")));
        assertThat(serviceAt(ip, client)).isEqualTo(expected);
    }

    @Test
    void aRangeGoesWithItsService() {
        store.apply(update(service("a", "a.example", "10.1.0.0/16"), service("b", "b.example", "10.1.0.0/24")));
        store.apply(MeshUpdate.builder().removeAddress("b/b.example").build());
        assertThat(serviceAt("10.1.0.1", "x")).isEqualTo("a");
        store.apply(MeshUpdate.builder().removeAddress("a/a.example").build());
        assertThat(serviceAt("10.1.0.1", "x")).isNull();
        assertThat(store.current().networks).isEmpty();
    }

    @Test
    void ofSeveralClaimantsOfOneAddressAPodWithHboneOwnsIt() {
        Ip ip = Ip.parse("10.0.0.1");
        List<WorkloadBuilder> byRank = List.of(
                Workload.builder("Kubernetes/net/WorkloadEntry/a/entry", Samples.id("a", "x"))
                        .address(ip),
                Workload.builder("Kubernetes/net/WorkloadEntry/a/tunnel", Samples.id("a", "x"))
                        .address(ip)
                        .hbone(true),
                pod("a", "plain", "10.0.0.1"),
                pod("a", "meshed", "10.0.0.1").hbone(true));
        for (WorkloadBuilder next : byRank) {
            MeshDelta delta = store.apply(update(next));
            Workload owner = store.current().workloadAt("", ip);
            assertThat(owner).isEqualTo(next.build());
            assertThat(delta.workloads()).contains(next.build().uid());
        }
        assertThat(store.current().claimants("", ip)).hasSize(4);
        MeshDelta delta = store.apply(
                MeshUpdate.builder().removeAddress("Kubernetes//Pod/a/meshed").build());
        assertThat(store.current().workloadAt("", ip))
                .extracting(Workload::name)
                .isEqualTo("plain");
        assertThat(delta.workloads()).contains("Kubernetes//Pod/a/meshed", "Kubernetes//Pod/a/plain");
    }

    @Test
    void hostNetworkWorkloadsOwnNoAddressButAreEndpoints() {
        store.apply(update(pod("a", "host", "192.0.2.1")
                .hostNetwork(true)
                .node("n1")
                .service("a/svc.example", PortMap.of(80, 8080))));
        assertThat(store.current().workloadAt("", Ip.parse("192.0.2.1"))).isNull();
        assertThat(store.current().endpoints("a/svc.example").all()).hasSize(1);
        assertThat(store.current().localWorkloads("n1")).hasSize(1);
    }

    @Test
    void addressesOfDifferentNetworksAreDifferent() {
        store.apply(update(
                pod("a", "one", "10.0.0.1").network("n1"),
                pod("a", "two", "10.0.0.1").network("n2")));
        assertThat(store.current().workloadAt("n2", Ip.parse("10.0.0.1")))
                .extracting(Workload::name)
                .isEqualTo("two");
        assertThat(store.current().workloadAt("", Ip.parse("10.0.0.1"))).isNull();
    }

    @Test
    void endpointsFollowTheirWorkloadsAndSplitByHealth() {
        PortMap ports = PortMap.of(80, 8080);
        store.apply(update(
                pod("a", "one", "10.0.0.1").service("a/svc.example", ports),
                pod("a", "two", "10.0.0.2").service("a/svc.example", ports).healthy(false)));
        Endpoints endpoints = store.current().endpoints("a/svc.example");
        assertThat(endpoints.all()).extracting(e -> e.workload().name()).containsExactly("one", "two");
        assertThat(endpoints.healthy()).extracting(e -> e.workload().name()).containsExactly("one");
        assertThat(endpoints.all().getFirst().ports().target(80)).isEqualTo(8080);

        MeshDelta delta = store.apply(update(pod("a", "one", "10.0.0.1")));
        assertThat(delta.endpoints()).containsExactly("a/svc.example");
        assertThat(store.current().endpoints("a/svc.example").healthy()).isEmpty();
        store.apply(MeshUpdate.builder().removeAddress("Kubernetes//Pod/a/two").build());
        assertThat(store.current().endpoints("a/svc.example")).isSameAs(Endpoints.NONE);
    }

    @Test
    void whatCameAgainUnchangedIsNoChange() {
        MeshUpdate update = update(pod("a", "one", "10.0.0.1"), service("a", "svc.example", "10.96.0.1"));
        List<MeshDelta> told = new ArrayList<>();
        store.apply(update);
        store.addListener((before, after, delta) -> told.add(delta));
        MeshState before = store.current();
        assertThat(store.apply(update).isEmpty()).isTrue();
        assertThat(store.current()).isSameAs(before);
        assertThat(told).isEmpty();
    }

    @Test
    void listenersSeeTheNewStateAsCurrent() {
        List<Boolean> current = new ArrayList<>();
        store.addListener((before, after, delta) -> current.add(store.current() == after && before != after));
        store.apply(update(pod("a", "one", "10.0.0.1")));
        assertThat(current).containsExactly(true);
    }
}
