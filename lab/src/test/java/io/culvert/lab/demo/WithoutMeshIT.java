package io.culvert.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.LabException;
import io.culvert.lab.LabExtension;
import io.culvert.lab.LabOptions;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The demo's cluster without a mesh: programs work as ever, and a check that means the mesh must fail. */
@Tag("netns")
class WithoutMeshIT {
    @RegisterExtension
    static final LabExtension lab = new LabExtension(DemoCluster.withCart(), LabOptions.plain());

    private final DemoCluster cluster = new DemoCluster(lab.lab(), Duration.ofSeconds(1));

    @Test
    void theProgramsDoTheirWork() {
        assertThat(new UnchangedTraffic(cluster).run()).contains("SHA-256");
        assertThat(new ClientAddress(cluster).run()).contains(cluster.client().ip4());
    }

    @Test
    void theCaptureFindsThePlaintextAndMissesTheTunnel() {
        assertThatThrownBy(() -> new EncryptedLink(cluster).run())
                .isInstanceOf(CheckFailure.class)
                .hasMessageContaining(
                        "the capture holds 0 from " + cluster.front().ip4() + ":15008");
    }

    @Test
    void aPolicyThatNobodyEnforcesIsNoticed() {
        assertThatThrownBy(() -> new StrictRefusesPlaintext(cluster).run())
                .hasMessageContaining("the pod outside the mesh is still served");
    }

    /** Where nobody executes routes, a connection stays at the pod that it was made to, good or bad. */
    @Test
    void routesThatNobodyExecutesAreNoticed() {
        assertFails(new CanaryRelease(cluster));
        assertFails(new HiddenFailures(cluster));
        assertFails(new EjectedPod(cluster));
        assertFails(new InjectedFault(cluster));
        assertFails(new MirroredRequests(cluster));
    }

    private static void assertFails(Check check) {
        assertThatThrownBy(check::run).as(check.title()).isInstanceOfAny(CheckFailure.class, LabException.class);
    }
}
