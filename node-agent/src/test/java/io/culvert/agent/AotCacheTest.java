package io.culvert.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.agent.AotCache.Use;
import java.util.List;
import org.junit.jupiter.api.Test;

class AotCacheTest {
    private static final List<String> COMMAND = List.of(
            "java", "-XX:AOTCache=/old/agent.aot", "-XX:AOTCache=/dist/agent.aot", "-cp", "a.jar", "Main", "agent");

    @Test
    void aMappedCacheIsInUse() {
        assertThat(AotCache.of(COMMAND, List.of(mapping("/lib/libc.so.6"), mapping("/dist/agent.aot"))))
                .isEqualTo(new AotCache(Use.IN_USE, "/dist/agent.aot"));
    }

    @Test
    void aCacheThatWasReplacedMeanwhileIsStillInUse() {
        assertThat(AotCache.of(COMMAND, List.of(mapping("/dist/agent.aot (deleted)"))))
                .isEqualTo(new AotCache(Use.IN_USE, "/dist/agent.aot"));
    }

    @Test
    void aCacheThatIsNotMappedWasRefused() {
        assertThat(AotCache.of(COMMAND, List.of(mapping("/old/agent.aot"), mapping("/x/dist/agent.aot"))))
                .isEqualTo(new AotCache(Use.REFUSED, "/dist/agent.aot"));
    }

    @Test
    void withoutTheFlagThereIsNone() {
        assertThat(AotCache.of(List.of("java", "Main"), List.of(mapping("/dist/agent.aot"))))
                .isEqualTo(new AotCache(Use.NOT_GIVEN, ""));
    }

    private static String mapping(String file) {
        return "800000000-800012000 rw-p 00001000 fe:00 4711                      " + file;
    }
}
