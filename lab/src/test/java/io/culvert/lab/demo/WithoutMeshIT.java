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
        assertFails(
                new CanaryRelease(cluster),
                "requests with the header still reach v1|not every request was answered|answered by v2 without the header");
        assertFails(new HiddenFailures(cluster), "failures of the pod still reach the client");
        assertFails(new EjectedPod(cluster), "there is no pod way");
        assertFails(new InjectedFault(cluster), "no request is refused");
        assertFails(
                new MirroredRequests(cluster),
                "requests still reach v2|not every answer was that of v1|has not logged 500 requests");
    }

    private static void assertFails(Check check, String reason) {
        assertThatThrownBy(check::run)
                .as(check.title())
                .isInstanceOfAny(CheckFailure.class, LabException.class)
                .hasMessageFindingMatch(reason);
    }
}
