package io.culvert.waypoint.h1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A message is the same message however its bytes are cut, and Netty's codec reads it as we do. */
class SplitTest {
    private static final String MESSAGES =
            "POST /a?b=c HTTP/1.1\r\nHost: web\r\nContent-Length: 11\r\nX: a  b\r\n\r\nhello world"
                    + "\r\nPUT /x%20y HTTP/1.1\r\nHost: Web:80\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                    + "5;ext=\"v;\\\"w\"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\nY: \t2 \r\n\r\n"
                    + "GET / HTTP/1.1\r\nHost: [::1]:80\r\nAccept: */*\r\n\r\n"
                    + "DELETE http://web/z HTTP/1.1\r\nHost: web\r\nContent-Length: 0\r\n\r\n";

    private static List<String> read(String bytes, List<Integer> cuts) {
        Recorder recorder = new Recorder();
        EmbeddedChannel channel =
                new EmbeddedChannel(Http1Server.handler(recorder, Http1Settings.DEFAULT, "http", recorder));
        int from = 0;
        for (int cut : cuts) {
            channel.writeInbound(Unpooled.copiedBuffer(bytes.substring(from, cut), StandardCharsets.ISO_8859_1));
            from = cut;
        }
        channel.writeInbound(Unpooled.copiedBuffer(bytes.substring(from), StandardCharsets.ISO_8859_1));
        List<String> heard = new ArrayList<>(recorder.events);
        heard.addAll(recorder.rejected);
        StringBuilder answers = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            answers.append(out.toString(StandardCharsets.ISO_8859_1));
            out.release();
        }
        heard.add(answers.toString());
        channel.finishAndReleaseAll();
        return heard;
    }

    static Stream<Integer> boundaries() {
        return Stream.iterate(1, i -> i < MESSAGES.length(), i -> i + 1);
    }

    @ParameterizedTest(name = "cut at {0}")
    @MethodSource("boundaries")
    void a_cut_at_any_byte_changes_nothing(int at) {
        List<String> whole = read(MESSAGES, List.of());
        assertThat(whole).hasSize(5);
        assertThat(read(MESSAGES, List.of(at))).isEqualTo(whole);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void many_random_cuts_change_nothing(long seed) {
        Random random = new Random(seed);
        List<String> whole = read(MESSAGES, List.of());
        for (int round = 0; round < 12; round++) {
            double share = random.nextDouble();
            List<Integer> cuts =
                    boundaries().filter(cut -> random.nextDouble() < share).toList();
            assertThat(read(MESSAGES, cuts)).as("seed %d, cuts %s", seed, cuts).isEqualTo(whole);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
    void what_is_accepted_after_any_change_of_bytes_Netty_reads_the_same(long seed) {
        Random random = new Random(seed);
        String alphabet = "\r\n\t ;:,\"\\0159aAxX%/.+-_\u0000\u0001\u007f\u0085\u00ff";
        int accepted = 0;
        for (int round = 0; round < 120; round++) {
            StringBuilder bytes = new StringBuilder(MESSAGES);
            for (int changes = 1 + random.nextInt(2); changes > 0; changes--) {
                int at = random.nextInt(bytes.length());
                char c = alphabet.charAt(random.nextInt(alphabet.length()));
                switch (random.nextInt(3)) {
                    case 0 -> bytes.setCharAt(at, c);
                    case 1 -> bytes.insert(at, c);
                    default -> bytes.deleteCharAt(at);
                }
            }
            Recorder recorder = new Recorder();
            EmbeddedChannel channel =
                    new EmbeddedChannel(Http1Server.handler(recorder, Http1Settings.DEFAULT, "http", recorder));
            channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
            List<String> ours = recorder.events.stream()
                    .filter(event -> !event.startsWith("reset"))
                    .toList();
            channel.finishAndReleaseAll();
            List<String> theirs = netty(bytes);
            accepted += ours.size();
            assertThat(theirs.size()).as("seed %d: %s", seed, bytes).isGreaterThanOrEqualTo(ours.size());
            for (int i = 0; i < ours.size(); i++) {
                String[] head = ours.get(i).split("\n", -1);
                assertThat(theirs.get(i))
                        .as("seed %d, message %d of %s", seed, i, bytes)
                        .isEqualTo(head[0].substring(0, head[0].indexOf(' ')) + " " + bodyOf(ours.get(i)));
            }
        }
        assertThat(accepted).as("changes that leave a request a request").isPositive();
    }

    /** The body in what a recorder wrote down. */
    private static String bodyOf(String event) {
        int trailers = event.indexOf("\ntrailers ");
        return event.substring(event.indexOf("\n\n") + 2, trailers < 0 ? event.length() : trailers);
    }

    private static List<String> netty(CharSequence bytes) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder(), new HttpObjectAggregator(65_536));
        List<String> read = new ArrayList<>();
        channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
        for (Object message = channel.readInbound(); message != null; message = channel.readInbound()) {
            if (message instanceof FullHttpRequest request
                    && request.decoderResult().isSuccess()) {
                read.add(request.method().name() + " " + request.content().toString(StandardCharsets.ISO_8859_1));
            }
            ReferenceCountUtil.release(message);
        }
        try {
            channel.finishAndReleaseAll();
        } catch (PrematureChannelClosureException expected) {
            // The last message was cut off, which is no message.
            assertThat(channel.isOpen()).isFalse();
        }
        return read;
    }
}
