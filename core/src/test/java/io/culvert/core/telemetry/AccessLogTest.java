package io.culvert.core.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class AccessLogTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-20T10:00:00Z"));

    private final MetricsRegistry registry = new MetricsRegistry();

    @Test
    void oneLinePerConnectionHasTheFieldsOfZtunnelAndOurs() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AccessLog log = new AccessLog(registry, out, CLOCK, 16);
        log.start();
        log.log(new AccessLogEntry(
                Samples.tunnel(), true, 100, 2000, TimeUnit.MILLISECONDS.toNanos(12), CloseReason.OK, null, null));
        log.close();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("""
                        {"level":"info","time":"2026-11-20T10:00:00Z","scope":"access","message":"connection complete",\
                        "src.addr":"10.1.0.5:40000","src.workload":"client-1","src.namespace":"shop",\
                        "src.identity":"spiffe://cluster.local/ns/shop/sa/client","src.cluster":"Kubernetes",\
                        "dst.addr":"10.2.0.7:15008","dst.hbone_addr":"10.2.0.7:8080",\
                        "dst.service":"web.shop.svc.cluster.local","dst.workload":"web-1","dst.namespace":"shop",\
                        "dst.identity":"spiffe://cluster.local/ns/shop/sa/web","dst.cluster":"Kubernetes",\
                        "direction":"outbound","way":"tunnel","secured":"mutual_tls",\
                        "bytes_sent":100,"bytes_recv":2000,"duration":"12ms","close_reason":"ok","response_flags":"-"}
                        """);
    }

    @Test
    void theDestinationTellsItsOwnSending() {
        ConnectionAttributes inbound = Samples.connection(
                Reporter.DESTINATION,
                Way.INBOUND_HBONE,
                SecurityPolicy.MUTUAL_TLS,
                Samples.CLIENT,
                Samples.SERVER,
                Samples.SERVICE);
        assertThat(line(new AccessLogEntry(inbound, true, 100, 2000, 0, CloseReason.OK, null, null)))
                .contains("\"direction\":\"inbound\"", "\"bytes_sent\":2000", "\"bytes_recv\":100");
    }

    @Test
    void aRefusalNamesPolicyAndReasonAndAnIdentityOnlyWhenProved() {
        ConnectionAttributes plain = Samples.connection(
                Reporter.DESTINATION, Way.INBOUND_PLAIN, SecurityPolicy.NONE, Samples.CLIENT, Samples.SERVER, null);
        assertThat(line(new AccessLogEntry(
                        plain, false, 0, 0, 0, CloseReason.POLICY_DENIED, null, "istio-system/strict")))
                .contains(
                        "\"level\":\"warn\"",
                        "\"message\":\"connection failed\"",
                        "\"close_reason\":\"policy_denied\"",
                        "\"response_flags\":\"DENY\"",
                        "\"policy\":\"istio-system/strict\"",
                        "\"error\":\"an authorization policy refused the connection\"")
                .doesNotContain("identity");
    }

    @Test
    void addressesOfBothFamiliesAndHostileTextAreQuoted() {
        ConnectionAttributes v6 = new ConnectionAttributes(
                Reporter.SOURCE,
                Way.PLAIN,
                SecurityPolicy.NONE,
                Peer.UNKNOWN,
                Peer.UNKNOWN,
                null,
                new InetSocketAddress("fd00::5", 1),
                new InetSocketAddress("fd00::7", 80),
                InetSocketAddress.createUnresolved("web.shop", 80));
        assertThat(line(new AccessLogEntry(v6, true, 0, 0, 0, CloseReason.BAD_REQUEST, "a\"b\\c\nd", null)))
                .contains(
                        "\"src.addr\":\"[fd00:0:0:0:0:0:0:5]:1\"",
                        "\"dst.hbone_addr\":\"web.shop:80\"",
                        "\"error\":\"a\\\"b\\\\c\\u000ad\"");
    }

    @Test
    void aFullQueueDropsAndCountsAndNeverBlocks() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        OutputStream stuck = new OutputStream() {
            @Override
            public void write(int b) {
                throw new AssertionError("batches only");
            }

            @Override
            public void write(byte[] b, int off, int len) throws IOException {
                entered.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };
        AccessLog log = new AccessLog(registry, stuck, CLOCK, 8);
        log.start();
        AccessLogEntry entry = new AccessLogEntry(Samples.tunnel(), true, 0, 0, 0, CloseReason.OK, null, null);
        log.log(entry);
        entered.await();
        for (int i = 0; i < 20; i++) {
            log.log(entry);
        }
        assertThat(log.dropped()).isEqualTo(12);
        assertThat(Samples.value(registry, "culvert_access_log_dropped_total")).isEqualTo(12);
        release.countDown();
        log.close();
        assertThat(log.dropped()).isEqualTo(12);
    }

    @Test
    void aDiskThatIsFullIsCounted() {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        AccessLog log = new AccessLog(registry, full, CLOCK, 8);
        log.start();
        log.log(new AccessLogEntry(Samples.tunnel(), true, 0, 0, 0, CloseReason.OK, null, null));
        log.close();
        assertThat(Samples.value(registry, "culvert_access_log_write_errors_total"))
                .isEqualTo(1);
    }

    @Test
    void aFileIsAppendedTo(@TempDir Path dir) throws IOException {
        Path file = dir.resolve("access.log");
        for (int i = 0; i < 2; i++) {
            AccessLog log = new AccessLog(new MetricsRegistry(), AccessLog.target(file.toString()), CLOCK, 8);
            log.start();
            log.log(new AccessLogEntry(Samples.tunnel(), true, 0, 0, 0, CloseReason.OK, null, null));
            log.close();
        }
        assertThat(Files.readAllLines(file)).hasSize(2);
        assertThatThrownBy(
                        () -> AccessLog.target(dir.resolve("missing/access.log").toString()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("missing/access.log")
                .hasMessageContaining("does its directory exist?");
    }

    private static String line(AccessLogEntry entry) {
        StringBuilder text = new StringBuilder();
        AccessLogFormat.append(entry, CLOCK.millis(), text);
        return text.toString();
    }
}
