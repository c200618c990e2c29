package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Match;
import io.culvert.proto.workload.GatewayAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WaypointBindingTest {
    private static final String WEB = "shop/web.shop.svc.cluster.local";
    private static final String ONLY = "shop/culvert-waypoint-only.web-1";

    private final TestMesh mesh = new TestMesh();

    private static String namespace(String labels) {
        return "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {" + labels + "}}\n";
    }

    private static String service(String labels) {
        return """
                apiVersion: v1
                kind: Service
                metadata: {name: web, namespace: shop, labels: {%s}}
                spec:
                  clusterIP: 10.96.0.1
                  selector: {app: web}
                  ports:
                  - {name: http, port: 80, targetPort: http}
                  - {name: db, port: 5432}
                """.formatted(labels);
    }

    private static String pod(String labels) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: web-1, namespace: shop, labels: {app: web%s}}
                spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
                status: {podIPs: [{ip: 10.0.0.1}], conditions: [{type: Ready, status: "True"}]}
                """.formatted(labels);
    }

    private WaypointBindingTest with(String namespace, String service, String pod) {
        mesh.put("ns.yaml", namespace(namespace))
                .put("svc.yaml", service(service))
                .put("pod.yaml", pod(pod));
        return this;
    }

    private static String hostname(GatewayAddress address) {
        return address.getHostname().getNamespace() + "/"
                + address.getHostname().getHostname() + ":" + address.getHboneMtlsPort();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                               | culvert.io/use-waypoint: wp   | shop/wp.shop.svc.cluster.local:15008",
                "culvert.io/use-waypoint: wp    |                               | shop/wp.shop.svc.cluster.local:15008",
                "culvert.io/use-waypoint: outer | culvert.io/use-waypoint: own  | shop/own.shop.svc.cluster.local:15008",
                "culvert.io/use-waypoint: wp    | culvert.io/use-waypoint: none | ''",
                "istio.io/use-waypoint: wp      |                               | ''",
                "culvert.io/use-waypoint: wp    | gateway.networking.k8s.io/gateway-name: wp | ''",
                "culvert.io/use-waypoint: wp, culvert.io/use-waypoint-namespace: infra | | infra/wp.infra.svc.cluster.local:15008",
            })
    void aServiceHasTheWaypointOfItsLabelOrItsNamespaces(String namespace, String service, String expected) {
        with(namespace == null ? "" : namespace, service == null ? "" : service, "");
        assertThat(mesh.service(WEB).hasWaypoint() ? hostname(mesh.service(WEB).getWaypoint()) : "")
                .isEqualTo(expected);
    }

    @Test
    void istiosLabelsCountWhenTheyAreSwitchedOn() {
        TestMesh istio = new TestMesh(
                new CompilerSettings("cluster.local", "Kubernetes", "cluster.local", "istio-system", "", true));
        istio.put("svc.yaml", service("istio.io/use-waypoint: wp, istio.io/use-waypoint-namespace: infra"));
        assertThat(hostname(istio.service(WEB).getWaypoint())).isEqualTo("infra/wp.infra.svc.cluster.local:15008");
    }

    @Test
    void aPodAcceptsOnlyTheWaypointOnTheTargetPortsOfItsService() {
        with("", "culvert.io/use-waypoint: wp, culvert.io/use-waypoint-namespace: infra", "");
        Authorization only = mesh.authorization(ONLY);
        assertThat(only.getAction()).isEqualTo(Action.DENY);
        Match match = only.getRules(0).getClauses(0).getMatches(0);
        assertThat(match.getNotPrincipals(0).getExact()).isEqualTo("cluster.local/ns/infra/sa/wp");
        assertThat(match.getDestinationPortsList()).containsExactly(8080, 5432);
        assertThat(mesh.workload("shop/web-1").getAuthorizationPoliciesList()).contains(ONLY);
    }

    @Test
    void aServiceThatMayBypassItsWaypointLetsOthersIn() {
        with("", "culvert.io/use-waypoint: wp, culvert.io/waypoint-failure: bypass", "");
        assertThat(mesh.service(WEB).getExtensionsList())
                .extracting(io.culvert.proto.workload.Extension::getName)
                .containsExactly("culvert.io/waypoint-bypass");
        assertThat(mesh.authorizations).doesNotContainKey(ONLY);
    }

    @ParameterizedTest(name = "namespace {0}, service {1}: bypass {2}")
    @CsvSource({"bypass, , true", "bypass, refuse, false", "refuse, bypass, true"})
    void aNamespaceSaysItForTheServicesThatDoNot(String namespace, String service, boolean bypass) {
        String label = ", culvert.io/waypoint-failure: ";
        with(
                "culvert.io/use-waypoint: wp" + label + namespace,
                "app: web" + (service == null ? "" : label + service),
                "");
        assertThat(mesh.service(WEB).getExtensionsCount()).isEqualTo(bypass ? 1 : 0);
        assertThat(mesh.authorizations.containsKey(ONLY)).isEqualTo(!bypass);
        assertThat(mesh.messages()).singleElement().asString().contains("waypoints may be gone round");
        mesh.put("ns.yaml", namespace("culvert.io/use-waypoint: wp"));
        assertThat(mesh.authorizations.containsKey(ONLY)).isEqualTo(!"bypass".equals(service));
    }

    @Test
    void whatALabelSaysHoldsFromTheMomentThatItChanges() {
        with("", "", "");
        assertThat(mesh.authorizations).doesNotContainKey(ONLY);
        mesh.put("ns.yaml", namespace("culvert.io/use-waypoint: wp"));
        assertThat(mesh.service(WEB).hasWaypoint()).isTrue();
        assertThat(mesh.authorizations).containsKey(ONLY);
        mesh.put("svc.yaml", service("culvert.io/use-waypoint: none"));
        assertThat(mesh.service(WEB).hasWaypoint()).isFalse();
        assertThat(mesh.authorizations).doesNotContainKey(ONLY);
        assertThat(mesh.workload("shop/web-1").getAuthorizationPoliciesList()).isEmpty();
    }

    @Test
    void aPodHasAWaypointOnlyByItsOwnLabel() {
        with("culvert.io/use-waypoint: wp", "", "");
        assertThat(mesh.workload("shop/web-1").hasWaypoint()).isFalse();
        with("", "", ", culvert.io/use-waypoint: wp");
        assertThat(hostname(mesh.workload("shop/web-1").getWaypoint()))
                .isEqualTo("shop/wp.shop.svc.cluster.local:15008");
    }

    @Test
    void aLabelThatNamesNothingIsSaidAndRefusesTraffic() {
        with("", "culvert.io/use-waypoint: My_Waypoint, culvert.io/waypoint-failure: open", "");
        assertThat(mesh.service(WEB).hasWaypoint()).isTrue();
        List<String> messages = mesh.messages();
        assertThat(messages).anyMatch(message -> message.contains("My_Waypoint") && message.contains("svc.yaml:3"));
        assertThat(messages).anyMatch(message -> message.contains("\"open\" is neither bypass nor refuse"));
    }

    @Test
    void aWaypointsOwnPodSpeaksHboneAndIsNeverEnrolled() {
        with("culvert.io/mesh: enabled", "", ", gateway.networking.k8s.io/gateway-class-name: culvert-waypoint");
        assertThat(mesh.workload("shop/web-1").getTunnelProtocol())
                .isEqualTo(io.culvert.proto.workload.TunnelProtocol.HBONE);
        assertThat(mesh.workload("shop/web-1").getNativeTunnel()).isTrue();
        assertThat(mesh.extension("shop/web-1").getNotEnrolledReason()).isEqualTo("the pod is a waypoint");
    }
}
