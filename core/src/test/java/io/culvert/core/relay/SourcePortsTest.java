package io.culvert.core.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SourcePortsTest {
    private static final InetAddress CLIENT = InetAddress.ofLiteral("10.0.0.1");
    private static final InetSocketAddress APP = new InetSocketAddress("10.0.0.2", 80);

    @Test
    void everyPortIsOutsideOfTheDefaultEphemeralRangeAndUnprivileged() {
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < SourcePorts.RANGE; i++) {
            int port = SourcePorts.port(i);
            assertThat(port).isBetween(1024, 65535);
            assertThat(port < 32768 || port > 60999).as("port %s", port).isTrue();
            seen.add(port);
        }
        assertThat(seen).hasSize(SourcePorts.RANGE);
    }

    @Test
    void passesOverPortsThatTheClientUses() {
        Set<Integer> used = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            used.add(SourcePorts.port(i));
        }
        SourcePorts ports = new SourcePorts((client, port, app) -> used.contains(port), 0);
        assertThat(ports.next(CLIENT, APP)).isEqualTo(SourcePorts.port(200));
    }

    @Test
    void walksOnAndAroundAlsoFromANegativeStart() {
        SourcePorts ports = new SourcePorts((client, port, app) -> false, -2);
        assertThat(ports.next(CLIENT, APP)).isEqualTo(SourcePorts.port(SourcePorts.RANGE - 2));
        assertThat(ports.next(CLIENT, APP)).isEqualTo(SourcePorts.port(SourcePorts.RANGE - 1));
        assertThat(ports.next(CLIENT, APP)).isEqualTo(SourcePorts.port(0));
    }

    @Test
    void saysSoWhenNoneIsFree() {
        assertThat(new SourcePorts((client, port, app) -> true, 7).next(CLIENT, APP))
                .isZero();
    }
}
