package io.culvert.waypoint.h1;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.waypoint.http.Fields;
import io.culvert.waypoint.http.ResponseHead;
import io.culvert.waypoint.http.ServerExchange;
import io.culvert.waypoint.http.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Time-outs, draining and what exchanges do at their edges, with a clock that the test moves. */
class ConnectionLifeTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\n";

    private final List<ServerExchange> exchanges = new ArrayList<>();
    private final List<String> rejected = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel(Http1Server.handler(
            exchanges::add, Http1Settings.DEFAULT, "http", (status, detail) -> rejected.add(status + " " + detail)));

    private void send(String bytes) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
    }

    private String heard() {
        channel.runPendingTasks();
        StringBuilder text = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            text.append(out.toString(StandardCharsets.ISO_8859_1));
            out.release();
        }
        return text.toString();
    }

    private void pass(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    private void answer(int index) {
        exchanges.get(index).respond(new ResponseHead(200, new Fields()), true);
    }

    @Test
    void a_head_that_comes_by_drops_is_given_ten_seconds() {
        pass(3_000);
        send("GET / HT");
        pass(9);
        send("T");
        assertThat(channel.isOpen()).isTrue();

        pass(2);

        assertThat(heard()).startsWith("HTTP/1.1 408 ").contains("connection: close\r\n");
        assertThat(rejected).containsExactly("408 the head did not come in time");
        assertThat(channel.isOpen()).isFalse();
        assertThat(exchanges).isEmpty();
    }

    @Test
    void the_time_of_a_head_ends_with_it_and_begins_anew_with_the_next() {
        send("GET / HTTP/1.1\r\n");
        pass(9);
        send("Host: web\r\n\r\n" + "GET /2");
        pass(100);
        answer(0);
        assertThat(heard()).isEqualTo(OK + "content-length: 0\r\n\r\n");
        pass(9);
        assertThat(channel.isOpen()).isTrue();
        pass(2);
        assertThat(heard()).startsWith("HTTP/1.1 408 ");
    }

    @Test
    void a_resting_connection_is_ended_after_an_hour_and_a_busy_one_is_not() {
        send(GET);
        pass(4_000);
        assertThat(channel.isOpen()).isTrue();
        answer(0);
        pass(3_599);
        assertThat(channel.isOpen()).isTrue();
        pass(2);
        assertThat(channel.isOpen()).isFalse();
        assertThat(heard()).isEqualTo(OK + "content-length: 0\r\n\r\n");
    }

    @Test
    void a_resting_connection_that_drains_ends_at_once() {
        send(GET);
        answer(0);
        channel.pipeline().fireUserEventTriggered(Http1Server.Signal.DRAIN);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(heard()).isEqualTo(OK + "content-length: 0\r\n\r\n");
    }

    @Test
    void a_busy_connection_that_drains_ends_with_its_response() {
        send(GET + GET);
        channel.pipeline().fireUserEventTriggered(Http1Server.Signal.DRAIN);
        answer(0);
        assertThat(heard()).isEqualTo(OK + "content-length: 0\r\nconnection: close\r\n\r\n");
        assertThat(channel.isOpen()).isFalse();
        assertThat(exchanges).hasSize(1);
    }

    @Test
    void a_response_that_is_longer_or_shorter_than_it_says_breaks_off() {
        send(GET);
        exchanges.get(0).respond(new ResponseHead(200, new Fields().add("content-length", "3")), false);
        exchanges.get(0).write(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
        assertThat(channel.isOpen()).isFalse();
        assertThat(heard()).isEqualTo(OK + "content-length: 3\r\n\r\n");
    }

    @Test
    void nothing_happens_on_an_exchange_that_is_over() {
        send(GET);
        ServerExchange over = exchanges.get(0);
        answer(0);
        assertThat(over.isOpen()).isFalse();
        send(GET);
        ByteBuf late = Unpooled.copiedBuffer("late", StandardCharsets.US_ASCII);
        over.write(late);
        over.end(null);
        over.respond(new ResponseHead(500, new Fields()), true);
        over.reset(StreamError.INTERNAL);
        over.consumed(1 << 30);
        assertThat(late.refCnt()).isZero();
        assertThat(exchanges.get(1).isOpen()).isTrue();
        answer(1);
        assertThat(heard()).isEqualTo((OK + "content-length: 0\r\n\r\n").repeat(2));
    }

    @Test
    void what_a_rule_put_into_a_field_cannot_end_a_line() {
        send(GET);
        Fields fields = new Fields()
                .add("x", "a\r\nset-cookie: b")
                .add("y\r\nz", "1")
                .add("wide", "\u010a\u010d")
                .add("connection", "x")
                .add("transfer-encoding", "gzip");
        exchanges.get(0).respond(new ResponseHead(200, fields), true);
        assertThat(heard()).isEqualTo(OK + "x: a  set-cookie: b\r\nwide: ??\r\ncontent-length: 0\r\n\r\n");
    }

    @Test
    void a_reset_before_the_answer_closes() {
        send(GET);
        exchanges.get(0).reset(StreamError.CONNECTION_LOST);
        assertThat(channel.isOpen()).isFalse();
        assertThat(heard()).isEmpty();
    }
}
