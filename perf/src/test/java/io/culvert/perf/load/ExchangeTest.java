package io.culvert.perf.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeTest {
    private static final String ANSWER =
            "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello";

    private final Exchange.Reader reader = Exchange.http("10.0.0.1", false).newReader();

    @Test
    void anAnswerEndsWithItsBodyHoweverItIsCut() {
        for (int cut = 1; cut < ANSWER.length(); cut++) {
            assertThat(reader.read(bytes(ANSWER.substring(0, cut))))
                    .as("cut at %d", cut)
                    .isFalse();
            assertThat(reader.read(bytes(ANSWER.substring(cut))))
                    .as("cut at %d", cut)
                    .isTrue();
        }
    }

    @Test
    void aHeadWithoutBodyEndsTheAnswer() {
        assertThat(reader.read(bytes("HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0\r\n\r\n")))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ntoo much"
            })
    void whatIsNoSuchAnswerIsAnError(String answer) {
        assertThatThrownBy(() -> reader.read(bytes(answer))).isInstanceOf(Exchange.BadAnswerException.class);
    }

    @Test
    void anEchoEndsWithItsLastByte() {
        Exchange.Reader echo = Exchange.echo(10).newReader();
        assertThat(echo.read(bytes("123456789"))).isFalse();
        assertThat(echo.read(bytes("0"))).isTrue();
        assertThatThrownBy(() -> echo.read(bytes("12345678901"))).isInstanceOf(Exchange.BadAnswerException.class);
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }
}
