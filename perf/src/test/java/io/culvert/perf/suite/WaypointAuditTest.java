package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.culvert.perf.measure.MeshCounters;
import io.culvert.perf.result.Gap;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaypointAuditTest {
    @Test
    void aRoundThatEverybodySawAlikeHasNoGap() throws Exception {
        assertThat(gaps(4000, 8000, agents(16), new Waypoint.Counted(1000, 998, 2, 998)))
                .isEmpty();
    }

    @Test
    void aRequestThatTheWaypointDidNotCountIsAGap() throws Exception {
        assertThat(gaps(4000, 8000, agents(16), new Waypoint.Counted(999, 999, 0, 999)))
                .extracting(Gap::what)
                .containsExactly(
                        "requests, waypoint",
                        "access-log lines, written and dropped, waypoint",
                        "access-log lines in the file, waypoint");
    }

    @Test
    void aLineThatDidNotReachTheFileIsAGap() throws Exception {
        assertThat(gaps(4000, 8000, agents(16), new Waypoint.Counted(1000, 1000, 0, 999)))
                .containsExactly(new Gap("s", "access-log lines in the file, waypoint", 1000, 999));
    }

    @Test
    void aConnectionThatWentRoundTheMeshIsAGap() throws Exception {
        assertThat(gaps(4000, 8000, agents(15), new Waypoint.Counted(1000, 1000, 0, 1000)))
                .extracting(Gap::what)
                .containsExactly("connections opened, source", "connections closed, source");
    }

    @Test
    void bytesAreHeldAgainstTheAgentsOnlyWhereTheLoadCountsThem() throws Exception {
        assertThat(gaps(4001, 8000, agents(16), new Waypoint.Counted(1000, 1000, 0, 1000)))
                .extracting(Gap::what)
                .containsExactly("bytes from the client, source");
        assertThat(gaps(-1, -1, agents(16), new Waypoint.Counted(1000, 1000, 0, 1000)))
                .isEmpty();
    }

    private static List<Gap> gaps(long out, long in, MeshCounters agents, Waypoint.Counted counted) throws Exception {
        return Audit.gaps(
                "s",
                new ObjectMapper()
                        .readTree(
                                "{\"opened\":16,\"requests\":1000,\"bytes_out\":" + out + ",\"bytes_in\":" + in + "}"),
                agents,
                counted);
    }

    private static MeshCounters agents(long connections) {
        return new MeshCounters(connections, connections, 0, 4000, 8000, 0, 0, 0, 0, 0, 0);
    }
}
