package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.workload.AppProtocol;
import io.culvert.proto.workload.IPFamilies;
import io.culvert.proto.workload.LoadBalancing;
import io.culvert.proto.workload.LoadBalancing.Scope;
import io.culvert.proto.workload.Port;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.workload.WorkloadStatus;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceCompilationTest {
    static final String SERVICE = """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec:
              clusterIPs: [10.96.0.1, "fd01::1"]
              clusterIP: 10.96.0.1
              selector: {app: web}
              ports:
              - {name: http-main, port: 80, targetPort: http}
              - {name: db, port: 5432, appProtocol: tcp}
              - {name: dns, port: 53, protocol: UDP}
            """;

    private static final String KEY = "shop/web.shop.svc.cluster.local";

    private static String pod(String name, String address, String ready) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: shop, labels: {app: web}}
                spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
                status: {podIPs: [{ip: %s}], conditions: [{type: Ready, status: "%s"}]}
                """.formatted(name, address, ready);
    }

    private static String slice(String endpoints) {
        return """
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: web-abc, namespace: shop, labels: {kubernetes.io/service-name: web}}
                addressType: IPv4
                ports: [{name: http-main, port: 8888}]
                endpoints:
                """ + endpoints;
    }

    private static Port port(int service, int target, AppProtocol protocol) {
        return Port.newBuilder()
                .setServicePort(service)
                .setTargetPort(target)
                .setAppProtocol(protocol)
                .build();
    }

    @Test
    void aServiceHasItsAddressesAndTcpPorts() {
        TestMesh mesh = new TestMesh().put("svc.yaml", SERVICE);
        var service = mesh.service(KEY);
        assertThat(service.getHostname()).isEqualTo("web.shop.svc.cluster.local");
        assertThat(service.getAddressesList().stream().map(vip -> AddressText.format(vip.getAddress())))
                .containsExactly("10.96.0.1", "fd01:0:0:0:0:0:0:1");
        assertThat(service.getPortsList())
                .containsExactly(port(80, 0, AppProtocol.HTTP11), port(5432, 5432, AppProtocol.TCP));
        assertThat(service.getIpFamilies()).isEqualTo(IPFamilies.DUAL);
        assertThat(service.getSubjectAltNamesList()).isEmpty();
        assertThat(service.hasLoadBalancing()).isFalse();
        mesh.put(
                "svc.yaml",
                SERVICE.replace("[10.96.0.1, \"fd01::1\"]", "[None]").replace("clusterIP: 10.96.0.1", ""));
        assertThat(mesh.service(KEY).getAddressesList()).as("headless").isEmpty();
        mesh.remove("svc.yaml");
        assertThat(mesh.addresses).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "trafficDistribution: PreferClose|NETWORK,REGION,ZONE|FAILOVER|ONLY_HEALTHY",
                "trafficDistribution: PreferSameNode|NETWORK,REGION,ZONE,SUBZONE,NODE|FAILOVER|ONLY_HEALTHY",
                "internalTrafficPolicy: Local|NODE|STRICT|ONLY_HEALTHY",
                "publishNotReadyAddresses: true||UNSPECIFIED_MODE|ALLOW_ALL",
            })
    void howAServiceWantsToBeBalancedIsKept(
            String field, String scopes, LoadBalancing.Mode mode, LoadBalancing.HealthPolicy health) {
        TestMesh mesh = new TestMesh().put("svc.yaml", SERVICE + "  " + field + "\n");
        LoadBalancing.Builder expected =
                LoadBalancing.newBuilder().setMode(mode).setHealthPolicy(health);
        if (scopes != null) {
            for (String scope : scopes.split(",", -1)) {
                expected.addRoutingPreference(Scope.valueOf(scope));
            }
        }
        assertThat(mesh.service(KEY).getLoadBalancing()).isEqualTo(expected.build());
    }

    @Test
    void selectedPodsAreItsEndpointsWhereThereIsNoSlice() {
        TestMesh mesh =
                new TestMesh().put("pod.yaml", pod("a", "10.0.0.1", "True")).put("svc.yaml", SERVICE);
        assertThat(mesh.workload("shop/a").getServicesOrThrow(KEY).getPortsList())
                .containsExactly(port(80, 8080, AppProtocol.HTTP11), port(5432, 5432, AppProtocol.TCP));
        mesh.put("svc.yaml", SERVICE.replace("{app: web}", "{app: db}"));
        assertThat(mesh.workload("shop/a").getServicesMap()).isEmpty();
    }

    @Test
    void listedPodsAreItsEndpointsWhereThereAreSlices() {
        TestMesh mesh = new TestMesh()
                .put("a.yaml", pod("a", "10.0.0.1", "True"))
                .put("b.yaml", pod("b", "10.0.0.2", "True"))
                .put("c.yaml", pod("c", "10.0.0.3", "True"))
                .put("svc.yaml", SERVICE)
                .put("slice.yaml", slice("""
                        - {addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}, conditions: {ready: true}}
                        - {addresses: [10.0.0.2]}
                        """));
        assertThat(mesh.workload("shop/a").getServicesOrThrow(KEY).getPortsList())
                .containsExactly(port(80, 8888, AppProtocol.HTTP11));
        assertThat(mesh.workload("shop/b").getServicesMap())
                .as("found by address")
                .containsOnlyKeys(KEY);
        assertThat(mesh.workload("shop/c").getServicesMap()).isEmpty();
        mesh.remove("slice.yaml");
        assertThat(mesh.workload("shop/c").getServicesMap()).containsOnlyKeys(KEY);
    }

    @Test
    void readinessComesFromThePodAndElseFromTheSlice() {
        TestMesh mesh = new TestMesh().put("svc.yaml", SERVICE).put("a.yaml", pod("a", "10.0.0.1", "False"));
        mesh.put(
                "slice.yaml",
                slice("- {addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}, conditions: {ready: false}}\n"));
        assertThat(mesh.workload("shop/a").getStatus()).isEqualTo(WorkloadStatus.UNHEALTHY);
        assertThat(mesh.workload("shop/a").getServicesMap())
                .as("still an endpoint")
                .containsOnlyKeys(KEY);
        mesh.put("a.yaml", pod("a", "10.0.0.1", "True"));
        assertThat(mesh.workload("shop/a").getStatus()).isEqualTo(WorkloadStatus.HEALTHY);
        assertThat(mesh.workload("shop/a").getServicesMap())
                .as("not ready for this service")
                .isEmpty();
        mesh.put("a.yaml", pod("a", "10.0.0.1", "True").replace("conditions:", "message: m, x:"));
        mesh.put("slice.yaml", slice("- {addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}}\n"));
        assertThat(mesh.workload("shop/a").getStatus()).isEqualTo(WorkloadStatus.HEALTHY);
    }

    @Test
    void anEndpointBehindWhichThereIsNoPodIsAPlainWorkload() {
        TestMesh mesh = new TestMesh()
                .put("svc.yaml", SERVICE)
                .put("slice.yaml", slice("- {addresses: [172.16.0.9], zone: z1}\n"));
        String uid = "Kubernetes/discovery.k8s.io/EndpointSlice/shop/web-abc/172.16.0.9";
        var workload = Objects.requireNonNull(mesh.addresses.get(uid)).getWorkload();
        assertThat(workload.getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
        assertThat(workload.getServicesOrThrow(KEY).getPorts(0).getTargetPort()).isEqualTo(8888);
        mesh.put("pod.yaml", pod("a", "172.16.0.9", "True"));
        assertThat(mesh.addresses).as("now it is a pod").doesNotContainKey(uid);
    }

    @Test
    void anExternalNameIsLeftToDns() {
        TestMesh mesh = new TestMesh().put("svc.yaml", """
                apiVersion: v1
                kind: Service
                metadata: {name: ext, namespace: shop}
                spec: {type: ExternalName, externalName: example.com}
                """);
        assertThat(mesh.addresses).isEmpty();
        assertThat(mesh.messages())
                .containsExactly(
                        "svc.yaml:4: info: Service shop/ext: spec.type: an ExternalName service is a DNS alias: the mesh leaves it to DNS");
    }
}
