package io.culvert.perf.measure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PeakMemoryTest {
    @Test
    void readsThePeakAndNotWhatIsResidentNow() {
        assertThat(PeakMemory.parse("VmPeak:\t 9999 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  1024 kB\n"))
                .isEqualTo(200);
    }
}
