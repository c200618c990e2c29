package io.culvert.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.lab.LabExtension;
import io.culvert.lab.LabOptions;
import io.culvert.lab.Launchers;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The demo, check by check, then its table. */
@Tag("netns")
class DemoIT {
    @RegisterExtension
    static final LabExtension lab =
            new LabExtension(DemoCluster.withWaypoint(), LabOptions.mesh(Launchers.ofClassPath()));

    @BeforeAll
    static void awaitMesh() {
        new DemoCluster(lab.lab()).awaitEnrolled();
    }

    @TestFactory
    Stream<DynamicTest> everyPromiseHolds() {
        DemoCluster cluster = new DemoCluster(lab.lab());
        Stream<DynamicTest> checks = DemoMain.all(cluster).stream()
                .map(check -> DynamicTest.dynamicTest(
                        check.title(), () -> assertThat(check.run()).isNotEmpty()));
        DynamicTest table = DynamicTest.dynamicTest("the table has every edge as it is", () -> {
            String text = EdgeTable.measure(cluster);
            assertThat(text).contains("mutual_tls").contains("same_node").contains("plaintext");
            assertThat(text.lines()).hasSize(7);
        });
        return Stream.concat(checks, Stream.of(table));
    }
}
