package io.culvert.core.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlEndpointTest {
    @Test
    void bothFormsAreRead() {
        Path roots = Path.of("/roots.pem");
        assertThat(ControlEndpoint.parse("unix:/run/x.sock", null))
                .isEqualTo(new ControlEndpoint.Unix(Path.of("/run/x.sock")));
        assertThat(ControlEndpoint.parse("unix:///run/x.sock", null)).hasToString("unix:/run/x.sock");
        assertThat(ControlEndpoint.parse("https://istiod.istio-system.svc:15012", roots))
                .isEqualTo(new ControlEndpoint.Tls("istiod.istio-system.svc", 15012, roots));
        assertThat(ControlEndpoint.parse("https://[fd00::1]:15012", roots))
                .isEqualTo(new ControlEndpoint.Tls("fd00::1", 15012, roots))
                .hasToString("https://[fd00::1]:15012");
        assertThat(ControlEndpoint.parse("https://host", null)).hasToString("https://host:443");
    }

    @ParameterizedTest(name = "\"{0}\" is refused")
    @ValueSource(strings = {"", "unix:relative", "http://host:1", "host:15012", "https://", "https://host:1/path"})
    void anythingElseIsRefusedWithWhatIsExpected(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ControlEndpoint.parse(text, null))
                .withMessageContaining("unix:/PATH or https://HOST:PORT");
    }
}
