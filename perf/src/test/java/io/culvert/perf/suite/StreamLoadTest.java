package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.culvert.lab.LabException;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class StreamLoadTest {
    private static final String SAID = """
            starting benchmark...
            progress: 100% done

            finished in 1.60s, 12490.00 req/s, 13.20MB/s
            requests: 20000 total, 20000 started, 20000 done, 19990 succeeded, 10 failed, 0 errored, 0 timeout
            status codes: 19984 2xx, 6 3xx, 0 4xx, 10 5xx
            traffic: 21.14MB (22166732) total, 273.82KB (280392) headers (space savings 95.00%), 19.53MB (20480000) data
            """;

    @Test
    void onlyAnswersBy2xxCount() {
        assertThat(StreamLoad.Batch.of(SAID)).isEqualTo(new StreamLoad.Batch(12490, 20_000, 19_984));
    }

    @Test
    void whatDoesNotCountRequestsIsShown() {
        assertThatThrownBy(() -> StreamLoad.Batch.of("unable to connect"))
                .isInstanceOf(LabException.class)
                .hasMessageContaining("unable to connect");
    }

    @Test
    void aRoundAnswersAsOurOwnLoadProgramDoes() throws Exception {
        Histogram latency = new Histogram(60_000_000_000L, 3);
        StreamLoad.record("1700000000000000\t200\t1500", latency);
        StreamLoad.record("1700000000000000\t-1\t9000", latency);
        JsonNode answer = StreamLoad.answer(
                Load.streams(100, 4),
                List.of(new StreamLoad.Batch(1000, 2000, 2000)),
                List.of(new StreamLoad.Batch(5000, 10_000, 10_000), new StreamLoad.Batch(5000, 5000, 5000)),
                latency,
                new Histogram(60_000_000_000L, 3));
        assertThat(answer.get("requests").asLong()).isEqualTo(17_000);
        assertThat(answer.get("sent").asLong()).isEqualTo(15_000);
        assertThat(answer.get("answered").asLong()).isEqualTo(15_000);
        assertThat(answer.get("opened").asLong()).isEqualTo(12);
        assertThat(answer.get("errors").asLong()).isZero();
        assertThat(answer.get("seconds").asDouble()).isCloseTo(3, within(1e-3));
        assertThat(answer.get("bytes_out").asLong()).isNegative();
        assertThat(answer.get("latency_us").get("max").asDouble()).isCloseTo(1500, within(2.0));
    }

    @Test
    void aRequestThatWasNotAnsweredIsAnError() throws Exception {
        JsonNode answer = StreamLoad.answer(
                Load.streams(100, 4),
                List.of(new StreamLoad.Batch(1000, 2000, 1999)),
                List.of(new StreamLoad.Batch(1000, 2000, 1998)),
                new Histogram(60_000_000_000L, 3),
                new Histogram(60_000_000_000L, 3));
        assertThat(answer.get("errors").asLong()).isEqualTo(3);
        assertThat(answer.get("trouble").asText()).startsWith("3 of 4000 ");
    }
}
