package io.culvert.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.GatewayRef;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.LoadBalancing;
import io.culvert.core.mesh.MeshState;
import io.culvert.core.mesh.MeshStore;
import io.culvert.core.mesh.MeshUpdate;
import io.culvert.core.mesh.PodInfo;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Service;
import io.culvert.core.mesh.Vip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.mesh.WorkloadBuilder;
import io.culvert.core.relay.EndpointChooser;
import io.culvert.core.telemetry.CloseReason;
import io.culvert.proto.workload.IPFamilies;
import io.culvert.proto.workload.LoadBalancing.HealthPolicy;
import io.culvert.proto.workload.LoadBalancing.Mode;
import io.culvert.proto.workload.Service.Visibility;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutboundDeciderTest {
    private static final String SVC = "default/svc.default.svc.cluster.local";

    private final Set<String> served = new HashSet<>();
    private final Set<String> without = new HashSet<>();
    private final LocalPods local = new LocalPods() {
        @Override
        public boolean isServedHere(Workload workload) {
            return served.contains(workload.name());
        }

        @Override
        public boolean hasCredentials(Workload workload) {
            return !without.contains(workload.name());
        }
    };
    private final EndpointChooser chooser = new EndpointChooser(bound -> 0);
    private ProxySettings settings = ProxySettings.of("n1", "");
    private final MeshStore store = new MeshStore();

    private static PodInfo info(boolean networkPolicy) {
        return new PodInfo(
                true,
                "",
                PodInfo.ExistingConnections.KEEP,
                0,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                networkPolicy,
                List.of(),
                "u");
    }

    private static WorkloadBuilder pod(String name, String node, String... ips) {
        WorkloadBuilder builder = Workload.builder("Kubernetes//Pod/default/" + name, TestCredentials.id(name))
                .node(node)
                .hbone(true)
                .pod(info(false));
        for (String ip : ips) {
            builder.address(Ip.parse(ip));
        }
        return builder;
    }

    private final WorkloadBuilder source = pod("src", "n1", "10.0.0.1", "fd00::1");

    private OutboundDecision decide(String to, int port, @Nullable String tried, Object... resources) {
        MeshUpdate.Builder update = MeshUpdate.builder();
        Workload from = source.build();
        update.put(from);
        for (Object resource : resources) {
            switch (resource) {
                case WorkloadBuilder workload -> update.put(workload.build());
                case Service service -> update.put(service);
                default -> throw new IllegalArgumentException(resource.toString());
            }
        }
        store.apply(update.build());
        MeshState state = store.current();
        return new OutboundDecider(settings, chooser, local)
                .decide(state, from, new InetSocketAddress(InetAddress.ofLiteral(to), port), tried);
    }

    private static Service service() {
        return Service.of(
                "default",
                "svc.default.svc.cluster.local",
                List.of(Vip.of("", Ip.parse("10.96.0.1")), Vip.of("", Ip.parse("fd96::1"))),
                PortMap.of(80, 8080));
    }

    private static Service with(@Nullable GatewayRef waypoint, LoadBalancing balancing, List<String> names) {
        Service s = service();
        return new Service(
                s.key(),
                s.name(),
                s.namespace(),
                s.hostname(),
                s.vips(),
                s.ports(),
                names,
                waypoint,
                List.of(),
                false,
                balancing,
                IPFamilies.AUTOMATIC,
                false,
                Visibility.PUBLIC);
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    private static OutboundDecision.Refused refused(OutboundDecision decision, CloseReason reason) {
        assertThat(decision).isInstanceOf(OutboundDecision.Refused.class);
        OutboundDecision.Refused refused = (OutboundDecision.Refused) decision;
        assertThat(refused.reason()).isEqualTo(reason);
        return refused;
    }

    @Test
    void anAddressThatTheMeshDoesNotKnowIsPlain() {
        assertThat(decide("203.0.113.9", 443, null))
                .isEqualTo(new OutboundDecision.Plain(address("203.0.113.9", 443), null, null));
    }

    @Test
    void orRefusedWhereEgressIs() {
        settings = settings.withEgress(ProxySettings.Egress.REFUSE);
        assertThat(refused(decide("203.0.113.9", 443, null), CloseReason.EGRESS_DENIED)
                        .detail())
                .contains("203.0.113.9", "Service");
    }

    @Test
    void aPodOfAnotherNodeIsTunnelledToByItsAddress() {
        assertThat(decide("10.0.0.2", 8080, null, pod("dst", "n2", "10.0.0.2")))
                .isInstanceOfSatisfying(OutboundDecision.Tunnel.class, tunnel -> {
                    assertThat(tunnel.target()).isEqualTo(address("10.0.0.2", 8080));
                    assertThat(tunnel.hbone()).isEqualTo(address("10.0.0.2", 15008));
                    assertThat(tunnel.expected()).containsExactly(TestCredentials.id("dst"));
                    assertThat(tunnel.service()).isNull();
                });
    }

    @Test
    void aPodThatIsNotEnrolledIsSpokenToPlainly() {
        assertThat(decide("10.0.0.2", 8080, null, pod("dst", "n2", "10.0.0.2").hbone(false)))
                .isInstanceOfSatisfying(
                        OutboundDecision.Plain.class,
                        plain -> assertThat(plain.destination()).isNotNull());
    }

    @ParameterizedTest(name = "served {0}, credentials {1}, policy known {2}, selected {3}, forced {4}, same node {5}")
    @CsvSource({
        "true, true, true, false, false, true, true",
        "false, true, true, false, false, true, false",
        "true, false, true, false, false, true, false",
        "true, true, false, false, false, true, false",
        "true, true, true, true, false, true, false",
        "true, true, true, false, true, true, false",
        "true, true, true, false, false, false, false"
    })
    void theShortCutNeedsEverything(
            boolean here,
            boolean credentials,
            boolean known,
            boolean selected,
            boolean forced,
            boolean sameNode,
            boolean expected) {
        if (here) {
            served.add("dst");
        }
        if (!credentials) {
            without.add("dst");
        }
        settings = settings.withForceTunnel(forced);
        WorkloadBuilder destination =
                pod("dst", sameNode ? "n1" : "n2", "10.0.0.2").pod(known ? info(selected) : null);
        OutboundDecision decision = decide("10.0.0.2", 8080, null, destination);
        assertThat(decision).isInstanceOf(expected ? OutboundDecision.SameNode.class : OutboundDecision.Tunnel.class);
    }

    @Test
    void aNetworkPolicyOnTheSourceForbidsTheShortCutToo() {
        served.add("dst");
        source.pod(info(true));
        assertThat(decide("10.0.0.2", 8080, null, pod("dst", "n1", "10.0.0.2")))
                .isInstanceOf(OutboundDecision.Tunnel.class);
    }

    @ParameterizedTest(name = "{0} leads to {1}")
    @CsvSource({"10.96.0.1, 10.0.0.2", "fd96::1, fd00::2"})
    void aServiceLeadsToAnEndpointOfItsFamilyAndTheTargetPort(String vip, String target) {
        WorkloadBuilder endpoint = pod("dst", "n2", "10.0.0.2", "fd00::2").service(SVC, PortMap.of(80, 8081));
        assertThat(decide(vip, 80, null, service(), endpoint))
                .isInstanceOfSatisfying(OutboundDecision.Tunnel.class, tunnel -> {
                    assertThat(tunnel.target()).isEqualTo(address(target, 8081));
                    assertThat(tunnel.service()).isNotNull();
                });
    }

    @Test
    void theServicesOwnNamesMayBeProvedToo() {
        Service service =
                with(null, LoadBalancing.DEFAULT, List.of("spiffe://cluster.local/ns/x/sa/alias", "not an identity"));
        OutboundDecision decision = decide(
                "10.96.0.1", 80, null, service, pod("dst", "n2", "10.0.0.2").service(SVC, PortMap.of(80, 8080)));
        assertThat(decision)
                .isInstanceOfSatisfying(
                        OutboundDecision.Tunnel.class,
                        tunnel -> assertThat(tunnel.expected())
                                .extracting(Object::toString)
                                .containsExactlyInAnyOrder(
                                        "spiffe://cluster.local/ns/default/sa/dst",
                                        "spiffe://cluster.local/ns/x/sa/alias"));
    }

    @Test
    void aServiceWithoutReadyEndpointsIsRefusedByName() {
        WorkloadBuilder down =
                pod("dst", "n2", "10.0.0.2").service(SVC, PortMap.of(80, 8080)).healthy(false);
        assertThat(refused(decide("10.96.0.1", 80, null, service(), down), CloseReason.NO_HEALTHY_UPSTREAM)
                        .detail())
                .contains("svc.default.svc.cluster.local", "no ready endpoint");
        assertThat(refused(decide("10.96.0.1", 81, null), CloseReason.NO_HEALTHY_UPSTREAM)
                        .detail())
                .contains("no port 81");
    }

    @Test
    void aSecondTryLeavesTheFirstEndpointOut() {
        WorkloadBuilder one = pod("one", "n2", "10.0.0.2").service(SVC, PortMap.of(80, 8080));
        WorkloadBuilder two = pod("two", "n2", "10.0.0.3").service(SVC, PortMap.of(80, 8080));
        OutboundDecision again = decide("10.96.0.1", 80, "Kubernetes//Pod/default/one", service(), one, two);
        Workload chosen = again.destination();
        assertThat(chosen).isNotNull();
        assertThat(chosen.name()).isEqualTo("two");
        store.apply(MeshUpdate.builder()
                .removeAddress("Kubernetes//Pod/default/two")
                .build());
        refused(decide("10.96.0.1", 80, "Kubernetes//Pod/default/one"), CloseReason.NO_HEALTHY_UPSTREAM);
    }

    @Test
    void aPassthroughServiceGoesWhereTheClientWanted() {
        Service service =
                with(null, new LoadBalancing(List.of(), Mode.PASSTHROUGH, HealthPolicy.ONLY_HEALTHY), List.of());
        assertThat(decide("10.96.0.1", 80, null, service)).isInstanceOf(OutboundDecision.Plain.class);
    }

    private static final String WAYPOINT = "default/wp.default.svc.cluster.local";
    private static final GatewayRef BY_NAME =
            new GatewayRef.ByHostname("default", "wp.default.svc.cluster.local", 15008);

    private static Service waypointService() {
        return Service.of(
                "default",
                "wp.default.svc.cluster.local",
                List.of(Vip.of("", Ip.parse("10.96.0.9"))),
                PortMap.of(15008, 15008));
    }

    private static WorkloadBuilder waypointPod(String name, String ip) {
        return pod(name, "n1", ip).hbone(false).service(WAYPOINT, PortMap.of(15008, 15008));
    }

    @ParameterizedTest(name = "named by {0}")
    @CsvSource({"host name", "the service's address", "the pod's address"})
    void aServicesWaypointComesBeforeItsEndpointsAlsoOnTheSameNode(String naming) {
        served.add("wp-1");
        GatewayRef waypoint = switch (naming) {
            case "host name" -> BY_NAME;
            case "the service's address" -> new GatewayRef.ByAddress("", Ip.parse("10.96.0.9"), 15008);
            default -> new GatewayRef.ByAddress("", Ip.parse("10.0.0.9"), 15008);
        };
        OutboundDecision decision = decide(
                "10.96.0.1",
                80,
                null,
                service().withWaypoint(waypoint, false),
                waypointService(),
                waypointPod("wp-1", "10.0.0.9"),
                pod("dst", "n2", "10.0.0.2").service(SVC, PortMap.of(80, 8080)));
        assertThat(decision).isInstanceOfSatisfying(OutboundDecision.Waypoint.class, w -> {
            assertThat(w.waypoint()).isEqualTo(waypoint);
            assertThat(w.target()).isEqualTo(address("10.96.0.1", 80));
            assertThat(w.hbone()).isEqualTo(address("10.0.0.9", 15008));
            assertThat(w.expected()).containsExactly(TestCredentials.id("wp-1"));
        });
    }

    @Test
    void aWaypointThatIsNotReadyRefusesUnlessTheServiceLetsItBeGoneRound() {
        WorkloadBuilder endpoint = pod("dst", "n2", "10.0.0.2").service(SVC, PortMap.of(80, 8080));
        Service behind = service().withWaypoint(BY_NAME, false);
        assertThat(refused(decide("10.96.0.1", 80, null, behind, endpoint), CloseReason.NO_HEALTHY_UPSTREAM)
                        .detail())
                .contains("default/wp.default.svc.cluster.local", "is not known", "svc.default", "bypass");
        WorkloadBuilder down = waypointPod("wp-1", "10.0.0.9").healthy(false);
        assertThat(refused(decide("10.96.0.1", 80, null, waypointService(), down), CloseReason.NO_HEALTHY_UPSTREAM)
                        .detail())
                .contains("has no ready pod");
        assertThat(decide("10.96.0.1", 80, null, service().withWaypoint(BY_NAME, true)))
                .isInstanceOf(OutboundDecision.Tunnel.class);
        assertThat(decide("10.96.0.1", 80, null, waypointPod("wp-1", "10.0.0.9")))
                .isInstanceOf(OutboundDecision.Waypoint.class);
    }

    @Test
    void aWaypointThatDidNotTakeTheConnectionIsLeftOutTheSecondTime() {
        OutboundDecision again = decide(
                "10.96.0.1",
                80,
                "Kubernetes//Pod/default/wp-1",
                service().withWaypoint(BY_NAME, false),
                waypointService(),
                waypointPod("wp-1", "10.0.0.9"),
                waypointPod("wp-2", "10.0.0.10"));
        assertThat(again.destination()).extracting(Workload::name).isEqualTo("wp-2");
    }

    @Test
    void soIsAPodOfTheWaypointOfAPod() {
        OutboundDecision again = decide(
                "10.0.0.2",
                8080,
                "Kubernetes//Pod/default/wp-1",
                pod("dst", "n2", "10.0.0.2").waypoint(BY_NAME),
                waypointService(),
                waypointPod("wp-1", "10.0.0.9"),
                waypointPod("wp-2", "10.0.0.10"));
        assertThat(again.destination()).extracting(Workload::name).isEqualTo("wp-2");
    }

    @Test
    void severalWaypointsShareConnectionsByTheirWeights() {
        Service s = service();
        GatewayRef canary = new GatewayRef.ByHostname("default", "canary.default.svc.cluster.local", 15008);
        Service split = new Service(
                s.key(),
                s.name(),
                s.namespace(),
                s.hostname(),
                s.vips(),
                s.ports(),
                List.of(),
                null,
                List.of(new Service.WeightedWaypoint(BY_NAME, 0), new Service.WeightedWaypoint(canary, 10)),
                false,
                LoadBalancing.DEFAULT,
                IPFamilies.AUTOMATIC,
                false,
                Visibility.PUBLIC);
        for (int i = 0; i < 50; i++) {
            assertThat(refused(decide("10.96.0.1", 80, null, split), CloseReason.NO_HEALTHY_UPSTREAM)
                            .detail())
                    .contains("canary.default");
        }
    }

    @Test
    void aWaypointsOwnPodGoesStraightToTheEndpoints() {
        source.service(WAYPOINT, PortMap.of(15008, 15008));
        assertThat(decide(
                        "10.96.0.1",
                        80,
                        null,
                        service().withWaypoint(BY_NAME, false),
                        waypointService(),
                        pod("dst", "n2", "10.0.0.2").service(SVC, PortMap.of(80, 8080))))
                .isInstanceOf(OutboundDecision.Tunnel.class);
    }

    @Test
    void aWorkloadsWaypointCountsOnlyForItsAddress() {
        WorkloadBuilder destination =
                pod("dst", "n2", "10.0.0.2").waypoint(BY_NAME).service(SVC, PortMap.of(80, 8080));
        assertThat(decide(
                        "10.0.0.2",
                        8080,
                        null,
                        service(),
                        destination,
                        waypointService(),
                        waypointPod("wp-1", "10.0.0.9")))
                .isInstanceOf(OutboundDecision.Waypoint.class);
        assertThat(decide("10.96.0.1", 80, null)).isInstanceOf(OutboundDecision.Tunnel.class);
    }

    @Test
    void anotherNetworkIsRefusedAsNotSupported() {
        WorkloadBuilder far = pod("dst", "n2", "10.0.0.2").network("far").service(SVC, PortMap.of(80, 8080));
        refused(decide("10.96.0.1", 80, null, service(), far), CloseReason.UNSUPPORTED);
    }

    @ParameterizedTest(name = "{0}:{1}")
    @CsvSource({"127.0.0.1, 15001", "::1, 15006", "10.0.0.1, 15001", "10.0.0.1, 15008", "fd00::1, 15006"})
    void theProxysOwnPortsOfThePodAreALoop(String to, int port) {
        refused(decide(to, port, null), CloseReason.LOOP);
    }

    @Test
    void soAreThoseOfAnotherEnrolledPod() {
        refused(decide("10.0.0.2", 15006, null, pod("dst", "n2", "10.0.0.2")), CloseReason.LOOP);
        assertThat(decide("203.0.113.9", 15001, null)).isInstanceOf(OutboundDecision.Plain.class);
    }

    @Test
    void aPodMayBeItsOwnEndpoint() {
        served.add("src");
        source.service(SVC, PortMap.of(80, 8080));
        assertThat(decide("10.96.0.1", 80, null, service()))
                .isInstanceOfSatisfying(
                        OutboundDecision.SameNode.class,
                        way -> assertThat(way.target()).isEqualTo(address("10.0.0.1", 8080)));
    }
}
