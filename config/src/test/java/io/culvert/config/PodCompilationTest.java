package io.culvert.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.proto.node.ExistingConnections;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.Probe;
import io.culvert.proto.workload.NetworkMode;
import io.culvert.proto.workload.TunnelProtocol;
import io.culvert.proto.workload.WorkloadStatus;
import io.culvert.proto.workload.WorkloadType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodCompilationTest {
    private static final String MESH = """
            apiVersion: v1
            kind: Namespace
            metadata:
              name: shop
              labels: {culvert.io/mesh: enabled}
              annotations: {culvert.io/existing-connections: drain=30s}
            ---
            apiVersion: v1
            kind: Node
            metadata: {name: n1, labels: {topology.kubernetes.io/region: eu, topology.kubernetes.io/zone: eu-1}}
            status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: Hostname, address: n1}]}
            """;

    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-5d9c-x1
              namespace: shop
              uid: 0000-1
              labels: {app: web, version: v2, pod-template-hash: 5d9c}
              ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9c, controller: true, uid: u}]
              annotations:
                culvert.io/exclude-inbound-ports: "9000, 22"
                culvert.io/exclude-outbound-ports: "5432"
                culvert.io/exclude-outbound-cidrs: "10.1.2.3/16,fd00::/8"
            spec:
              nodeName: n1
              serviceAccountName: web
              containers:
              - name: app
                ports: [{name: http, containerPort: 8080}]
                readinessProbe: {httpGet: {path: /ready?x=1, port: http}}
                livenessProbe: {grpc: {port: 9090, service: s}}
                startupProbe: {tcpSocket: {port: 8081}}
              - name: other
                livenessProbe: {exec: {command: [x]}}
            status:
              phase: Running
              podIP: 10.0.0.1
              podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]
              conditions: [{type: Ready, status: "True"}]
            """;

    @Test
    void aPodBecomesAWorkloadWithAllThatItsNodeNeeds() {
        TestMesh mesh = new TestMesh().put("mesh.yaml", MESH).put("pod.yaml", POD);
        var workload = mesh.workload("shop/web-5d9c-x1");
        assertThat(workload.getUid()).isEqualTo("Kubernetes//Pod/shop/web-5d9c-x1");
        assertThat(workload.getAddressesList().stream().map(AddressText::format))
                .containsExactly("10.0.0.1", "fd00:0:0:0:0:0:0:1");
        assertThat(workload.getServiceAccount()).isEqualTo("web");
        assertThat(workload.getTrustDomain()).isEqualTo("cluster.local");
        assertThat(workload.getNode()).isEqualTo("n1");
        assertThat(workload.getCanonicalName()).isEqualTo("web");
        assertThat(workload.getCanonicalRevision()).isEqualTo("v2");
        assertThat(workload.getWorkloadType()).isEqualTo(WorkloadType.DEPLOYMENT);
        assertThat(workload.getWorkloadName()).isEqualTo("web");
        assertThat(workload.getLocality().getRegion() + workload.getLocality().getZone())
                .isEqualTo("eueu-1");
        assertThat(workload.getStatus()).isEqualTo(WorkloadStatus.HEALTHY);
        assertThat(workload.getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
        assertThat(workload.getExtensions(0).getName()).isEqualTo("culvert.io/pod");
        var extension = mesh.extension("shop/web-5d9c-x1");
        assertThat(extension.getEnrolled()).isTrue();
        assertThat(extension.getExistingConnections()).isEqualTo(ExistingConnections.DRAIN);
        assertThat(extension.getDrainSeconds()).isEqualTo(30);
        assertThat(extension.getProbesList())
                .containsExactlyInAnyOrder(
                        probe(Probe.Kind.HTTP, 8080, "/ready?x=1"),
                        probe(Probe.Kind.GRPC, 9090, "s"),
                        probe(Probe.Kind.TCP, 8081, ""));
        assertThat(extension.getExcludeInboundPortsList()).containsExactly(22, 9000);
        assertThat(extension.getExcludeOutboundPortsList()).containsExactly(5432);
        assertThat(extension.getExcludeOutboundCidrsList()).containsExactly("10.1.0.0/16", "fd00:0:0:0:0:0:0:0/8");
        assertThat(extension.getNodeAddressesList()).containsExactly("192.168.0.1");
        assertThat(extension.getPodUid()).isEqualTo("0000-1");
        assertThat(mesh.messages()).isEmpty();
    }

    private static Probe probe(Probe.Kind kind, int port, String path) {
        return Probe.newBuilder().setKind(kind).setPort(port).setPath(path).build();
    }

    @Test
    void peersTunnelOnlyToAPodThatIsReportedEnabledAndStillOptedIn() {
        TestMesh mesh = new TestMesh().put("mesh.yaml", MESH).put("pod.yaml", POD);
        mesh.report("shop/web-5d9c-x1", PodReport.State.PENDING);
        assertThat(mesh.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
        mesh.report("shop/web-5d9c-x1", PodReport.State.ENABLED);
        assertThat(mesh.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.HBONE);
        mesh.put("mesh.yaml", MESH.replace("enabled", "disabled"));
        assertThat(mesh.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
        mesh.put("mesh.yaml", MESH);
        assertThat(mesh.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.HBONE);
    }

    @Test
    void aPodThatWasReplacedUnderItsNameIsNotTakenForTheReportedOne() {
        TestMesh mesh = new TestMesh().put("mesh.yaml", MESH).put("pod.yaml", POD);
        mesh.report("shop/web-5d9c-x1", PodReport.State.ENABLED);
        mesh.put("pod.yaml", POD.replace("0000-1", "0000-2"));
        assertThat(mesh.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
        mesh.report("shop/web-5d9c-x1", PodReport.State.ENABLED);
        mesh.remove("pod.yaml").put("pod.yaml", POD);
        assertThat(mesh.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
    }

    @Test
    void aPodWithoutAddressIsKnownToItsNode() {
        TestMesh mesh = new TestMesh().put("mesh.yaml", MESH).put("pod.yaml", POD.substring(0, POD.indexOf("status:")));
        assertThat(mesh.workload("shop/web-5d9c-x1").getAddressesList()).isEmpty();
        assertThat(mesh.workload("shop/web-5d9c-x1").getStatus()).isEqualTo(WorkloadStatus.UNHEALTHY);
        assertThat(mesh.extension("shop/web-5d9c-x1").getEnrolled()).isTrue();
    }

    @Test
    void anEndedPodLeavesAndATerminatingOneTakesNoNewConnections() {
        TestMesh mesh = new TestMesh().put("mesh.yaml", MESH).put("svc.yaml", ServiceCompilationTest.SERVICE);
        mesh.put("pod.yaml", POD.replace("uid: 0000-1", "deletionTimestamp: 2026-01-01T00:00:00Z"));
        assertThat(mesh.workload("shop/web-5d9c-x1").getStatus()).isEqualTo(WorkloadStatus.UNHEALTHY);
        assertThat(mesh.workload("shop/web-5d9c-x1").getServicesMap()).isEmpty();
        mesh.put("pod.yaml", POD.replace("Running", "Succeeded"));
        assertThat(mesh.hasWorkload("shop/web-5d9c-x1")).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "hostNetwork: true|the pod uses its node's network (hostNetwork: true)",
                "annotation|the pod has a sidecar (annotation sidecar.istio.io/status)",
                "pod disabled|the pod has the label culvert.io/mesh: disabled",
                "no label|neither the pod nor namespace shop has the label culvert.io/mesh: enabled",
                "namespace disabled|namespace shop has the label culvert.io/mesh: disabled",
            })
    void whyAPodIsNotEnrolledIsSaid(String what, String reason) {
        String pod = POD;
        String mesh = MESH;
        switch (what) {
            case "hostNetwork: true" -> pod = pod.replace("nodeName:", "hostNetwork: true\n  nodeName:");
            case "annotation" -> pod = pod.replace("annotations:", "annotations:\n    sidecar.istio.io/status: x");
            case "pod disabled" -> pod = pod.replace("app: web,", "app: web, culvert.io/mesh: disabled,");
            case "no label" -> mesh = mesh.replace("labels: {culvert.io/mesh: enabled}", "labels: {}");
            default -> mesh = mesh.replace("enabled}", "disabled}");
        }
        TestMesh compiled = new TestMesh().put("mesh.yaml", mesh).put("pod.yaml", pod);
        compiled.report("shop/web-5d9c-x1", PodReport.State.ENABLED);
        assertThat(compiled.extension("shop/web-5d9c-x1").getEnrolled()).isFalse();
        assertThat(compiled.extension("shop/web-5d9c-x1").getNotEnrolledReason())
                .isEqualTo(reason);
        assertThat(compiled.workload("shop/web-5d9c-x1").getTunnelProtocol()).isEqualTo(TunnelProtocol.NONE);
    }

    @Test
    void istiosLabelsCountOnlyWhenAskedFor() {
        String mesh = MESH.replace("culvert.io/mesh: enabled", "istio.io/dataplane-mode: ambient");
        TestMesh plain = new TestMesh().put("mesh.yaml", mesh).put("pod.yaml", POD);
        assertThat(plain.extension("shop/web-5d9c-x1").getEnrolled()).isFalse();
        CompilerSettings settings =
                new CompilerSettings("cluster.local", "Kubernetes", "cluster.local", "istio-system", "", true);
        TestMesh istio = new TestMesh(settings).put("mesh.yaml", mesh).put("pod.yaml", POD);
        assertThat(istio.extension("shop/web-5d9c-x1").getEnrolled()).isTrue();
        istio.put("pod.yaml", POD.replace("app: web,", "app: web, istio.io/dataplane-mode: none,"));
        assertThat(istio.extension("shop/web-5d9c-x1").getNotEnrolledReason())
                .isEqualTo("the pod has the label istio.io/dataplane-mode: none");
    }

    @Test
    void twoPodsWithOneAddressAreNamedAndTheFirstKeepsIt() {
        String second = POD.replace("web-5d9c-x1", "thief").replace(", {ip: \"fd00::1\"}", "");
        TestMesh mesh = new TestMesh().put("z.yaml", POD).put("a.yaml", second);
        assertThat(mesh.workload("shop/web-5d9c-x1").getAddressesCount()).isEqualTo(2);
        assertThat(mesh.workload("shop/thief").getAddressesList()).isEmpty();
        assertThat(mesh.messages())
                .containsExactly(
                        "a.yaml:1: error: Pod shop/thief: status.podIPs: 10.0.0.1 is the address of Pod shop/web-5d9c-x1 already, "
                                + "which keeps it; remove the pod that is gone");
        mesh.remove("z.yaml");
        assertThat(mesh.workload("shop/thief").getAddressesCount()).isEqualTo(1);
        assertThat(mesh.messages()).isEmpty();
    }

    @Test
    void podsOnTheNodesNetworkShareItsAddress() {
        String host = POD.replace("nodeName:", "hostNetwork: true\n  nodeName:");
        TestMesh mesh = new TestMesh().put("a.yaml", host).put("b.yaml", host.replace("web-5d9c-x1", "b"));
        assertThat(mesh.workload("shop/b").getAddressesCount()).isEqualTo(2);
        assertThat(mesh.workload("shop/b").getNetworkMode()).isEqualTo(NetworkMode.HOST_NETWORK);
        assertThat(mesh.messages()).isEmpty();
    }

    @Test
    void aNetworkPolicyThatSelectsThePodIsTold() {
        String policy = """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: np, namespace: shop}
                spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}, policyTypes: [Ingress]}
                """;
        TestMesh mesh = new TestMesh().put("pod.yaml", POD).put("np.yaml", policy);
        assertThat(mesh.extension("shop/web-5d9c-x1").getNetworkPolicy()).isTrue();
        mesh.put("np.yaml", policy.replace("[web]", "[db]"));
        assertThat(mesh.extension("shop/web-5d9c-x1").getNetworkPolicy()).isFalse();
        mesh.remove("np.yaml").put("np.yaml", policy.replace("In,", "Inn,"));
        assertThat(mesh.extension("shop/web-5d9c-x1").getNetworkPolicy())
                .as("not known: closed")
                .isTrue();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "Job, report-28000000, CRONJOB, report",
        "Job, once, JOB, once",
        "StatefulSet, db, POD, web-5d9c-x1",
        "Deployment, front, DEPLOYMENT, front"
    })
    void theOwnerNamesTheWorkload(String kind, String owner, WorkloadType type, String name) {
        TestMesh mesh = new TestMesh()
                .put("pod.yaml", POD.replace("kind: ReplicaSet, name: web-5d9c", "kind: " + kind + ", name: " + owner));
        assertThat(mesh.workload("shop/web-5d9c-x1").getWorkloadType()).isEqualTo(type);
        assertThat(mesh.workload("shop/web-5d9c-x1").getWorkloadName()).isEqualTo(name);
    }

    @Test
    void afaultyAnnotationExcludesNothingAndLeavesThePodIn() {
        TestMesh mesh = new TestMesh().put("mesh.yaml", MESH).put("pod.yaml", POD.replace("9000, 22", "9000,ssh"));
        assertThat(mesh.extension("shop/web-5d9c-x1").getExcludeInboundPortsList())
                .isEmpty();
        assertThat(mesh.extension("shop/web-5d9c-x1").getEnrolled()).isTrue();
        assertThat(mesh.messages())
                .isEqualTo(List.of(
                        "pod.yaml:10: error: Pod shop/web-5d9c-x1: metadata.annotations[culvert.io/exclude-inbound-ports]: "
                                + "\"ssh\" is no port: use 1 to 65535, separated by commas; nothing is excluded"));
    }
}
