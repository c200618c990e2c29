package io.culvert.core.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpTest {
    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "10.0.0.1, 10.0.0.1",
        "255.255.255.255, 255.255.255.255",
        "0.0.0.0, 0.0.0.0",
        "::1, 0:0:0:0:0:0:0:1",
        "fd00:1::ff, fd00:1:0:0:0:0:0:ff",
        "::ffff:10.0.0.1, 10.0.0.1"
    })
    void textBytesAndSocketFormsAgree(String text, String shown) throws Exception {
        Ip ip = Ip.parse(text);
        assertThat(ip).hasToString(shown);
        assertThat(Ip.of(ip.toBytes())).isEqualTo(ip);
        assertThat(Ip.of(InetAddress.getByName(text))).isEqualTo(ip);
        assertThat(ip.toInetAddress()).isEqualTo(InetAddress.getByName(text));
    }

    @ParameterizedTest(name = "\"{0}\" is no address")
    @ValueSource(
            strings = {"", "localhost", "10.0.0", "1", "10.0.0.256", "fe80::1%eth0", "1.2.3.4.5", "10.0.0.0/8", ":"})
    void whatIsNotALiteralIsRefusedWithoutALookup(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Ip.parse(text)).withMessageContaining("\"" + text + "\"");
        assertThat(Ip.tryParse(text)).isNull();
    }

    @Test
    void mappedBytesAreIpv4() {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, 0, 1};
        assertThat(Ip.of(mapped)).isEqualTo(Ip.parse("10.0.0.1"));
        assertThat(Ip.of(mapped).isIpv4()).isTrue();
    }

    @ParameterizedTest(name = "{0} contains {1}: {2}")
    @CsvSource({
        "10.0.0.0/8, 10.255.0.1, true",
        "10.0.0.0/8, 11.0.0.1, false",
        "10.1.2.3/8, 10.9.9.9, true",
        "10.0.0.1, 10.0.0.1, true",
        "10.0.0.1, 10.0.0.2, false",
        "0.0.0.0/0, 192.168.0.1, true",
        "0.0.0.0/0, fd00::1, false",
        "::/0, fd00::1, true",
        "::/0, 10.0.0.1, false",
        "fd00::/64, fd00::ffff:1, true",
        "fd00::/64, fd00:0:0:1::1, false",
        "fd00::/65, fd00::8000:0:0:0, false",
        "fd00::1/128, fd00::1, true"
    })
    void rangesHoldTheirOwnFamilyOnly(String range, String ip, boolean holds) {
        assertThat(Cidr.parse(range).contains(Ip.parse(ip))).isEqualTo(holds);
    }

    @ParameterizedTest(name = "\"{0}\" is no range")
    @ValueSource(strings = {"10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "10.0.0.0/x", "10.0.0.0/"})
    void prefixesMustFitTheFamily(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Cidr.parse(text));
    }

    @Test
    void loopbackAndUnspecifiedAreKnownInBothFamilies() {
        assertThat(Ip.parse("127.9.9.9").isLoopback()).isTrue();
        assertThat(Ip.parse("::1").isLoopback()).isTrue();
        assertThat(Ip.parse("10.0.0.1").isLoopback()).isFalse();
        assertThat(Ip.parse("0.0.0.0").isUnspecified()).isTrue();
        assertThat(Ip.parse("::").isUnspecified()).isTrue();
    }
}
