package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WaypointTest {
    private static final String PAGE = """
            # TYPE istio_requests counter
            istio_requests_total{reporter="waypoint",response_code="200",destination_app="a}b"} 120.0
            istio_requests_total{reporter="waypoint",response_code="403"} 3.0
            istio_request_duration_milliseconds_count{reporter="waypoint"} 123
            culvert_access_log_lines_total 121.0
            culvert_access_log_dropped_total 2.0
            """;

    @Test
    void requestsOfAllLabelsAreSummed() {
        assertThat(Waypoint.Counted.of(PAGE, 121)).isEqualTo(new Waypoint.Counted(123, 121, 2, 121));
    }

    @Test
    void aPageWithoutRequestsCountsNone() {
        assertThat(Waypoint.Counted.of("# EOF\n", 0)).isEqualTo(new Waypoint.Counted(0, 0, 0, 0));
    }

    @Test
    void itIsSettledWhenEveryRequestIsInTheFileOrDropped() {
        Waypoint.Counted before = new Waypoint.Counted(100, 100, 0, 40);
        assertThat(new Waypoint.Counted(200, 190, 10, 130).since(before).settled())
                .isTrue();
        assertThat(new Waypoint.Counted(200, 189, 10, 130).since(before).settled())
                .isFalse();
        assertThat(new Waypoint.Counted(200, 200, 0, 139).since(before).settled())
                .isFalse();
    }
}
