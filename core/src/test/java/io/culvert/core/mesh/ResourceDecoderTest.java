package io.culvert.core.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.TextFormat;
import com.google.protobuf.UInt32Value;
import io.culvert.proto.node.ExistingConnections;
import io.culvert.proto.node.PodExtension;
import io.culvert.proto.node.Probe;
import io.culvert.proto.workload.Extension;
import io.culvert.proto.workload.NetworkAddress;
import io.culvert.proto.workload.Service;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResourceDecoderTest {
    private static final io.culvert.proto.workload.Workload MINIMAL = io.culvert.proto.workload.Workload.newBuilder()
            .setUid("c//Pod/ns/a")
            .setNamespace("ns")
            .build();

    @Test
    void whatIsNotSaidHasTheDefaultsOfTheApi() throws Exception {
        io.culvert.core.mesh.Workload workload = ResourceDecoder.workload(MINIMAL);
        assertThat(workload.identity()).hasToString("spiffe://cluster.local/ns/ns/sa/default");
        assertThat(workload.clusterId()).isEqualTo("Kubernetes");
        assertThat(workload.capacity()).isEqualTo(1);
        assertThat(workload.healthy()).isTrue();
        assertThat(workload.hbone()).isFalse();
        assertThat(workload.pod()).isNull();
        assertThat(ResourceDecoder.workload(MINIMAL.toBuilder()
                                .setCapacity(UInt32Value.of(0))
                                .build())
                        .capacity())
                .isEqualTo(1);
    }

    @Test
    void thePodExtensionIsRead() throws Exception {
        PodExtension extension = PodExtension.newBuilder()
                .setEnrolled(true)
                .setExistingConnections(ExistingConnections.DRAIN)
                .setDrainSeconds(30)
                .addProbes(Probe.newBuilder()
                        .setKind(Probe.Kind.HTTP)
                        .setPort(8080)
                        .setPath("/healthz"))
                .addExcludeOutboundCidrs("169.254.169.254/32")
                .addNodeAddresses("192.0.2.1")
                .setNetworkPolicy(true)
                .setPodUid("u1")
                .build();
        PodInfo pod = ResourceDecoder.workload(with(extension)).pod();
        assertThat(pod).isNotNull();
        assertThat(pod.existingConnections()).isEqualTo(PodInfo.ExistingConnections.DRAIN);
        assertThat(pod.probes()).containsExactly(new PodInfo.Probe(PodInfo.Probe.Kind.HTTP, 8080, "/healthz"));
        assertThat(pod.excludeOutboundCidrs()).containsExactly(Cidr.parse("169.254.169.254/32"));
        assertThat(pod.nodeAddresses()).containsExactly(Ip.parse("192.0.2.1"));
        assertThatExceptionOfType(InvalidResourceException.class)
                .isThrownBy(() -> ResourceDecoder.workload(
                        with(extension.toBuilder().addNodeAddresses("node-a").build())))
                .withMessageContaining("culvert.io/pod")
                .withMessageContaining("node-a");
    }

    private static io.culvert.proto.workload.Workload with(PodExtension extension) {
        return MINIMAL.toBuilder()
                .addExtensions(Extension.newBuilder().setName("culvert.io/pod").setConfig(Any.pack(extension)))
                .build();
    }

    @ParameterizedTest(name = "{0} is refused: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "namespace: 'ns'                                    | uid is missing",
                "uid: 'u' namespace: 'ns' tunnel_protocol: LEGACY_ISTIO_MTLS | tunnel_protocol 2",
                "uid: 'u' namespace: 'ns' addresses: 'abc'          | addresses[0]: an IP address has 4 or 16 bytes",
                "uid: 'u' namespace: 'ns' trust_domain: 'Bad_One!'  | trust domain",
                "uid: 'u' namespace: ''                             | namespace",
                "uid: 'u' namespace: 'ns' waypoint {}               | waypoint names neither"
            })
    void badWorkloadsAreRefusedByField(String text, String fault) throws Exception {
        var workload = TextFormat.parse(text, io.culvert.proto.workload.Workload.class);
        assertThatExceptionOfType(InvalidResourceException.class)
                .isThrownBy(() -> ResourceDecoder.workload(workload))
                .withMessageContaining(fault);
    }

    @Test
    void aServicesRangesMustFitTheirFamily() {
        Service service = Service.newBuilder()
                .setNamespace("ns")
                .setHostname("a.example")
                .addAddresses(NetworkAddress.newBuilder()
                        .setAddress(ByteString.copyFrom(new byte[] {10, 0, 0, 0}))
                        .setLength(33))
                .build();
        assertThatExceptionOfType(InvalidResourceException.class)
                .isThrownBy(() -> ResourceDecoder.service(service))
                .withMessageContaining("addresses[0]")
                .withMessageContaining("33");
    }
}
