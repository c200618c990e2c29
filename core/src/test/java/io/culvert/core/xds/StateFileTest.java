package io.culvert.core.xds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateFileTest {
    @TempDir
    private Path directory;

    private StateFile written() throws IOException {
        StateFile file = new StateFile(directory.resolve("state.bin"));
        file.write(Map.of(
                ResourceType.AUTHORIZATION,
                Map.of("a/p", new StoredResource("v1", ByteString.copyFromUtf8("policy"))),
                ResourceType.ADDRESS,
                Map.of("uid", new StoredResource("v2", ByteString.copyFromUtf8("workload")))));
        return file;
    }

    @Test
    void whatWasWrittenIsRead() throws Exception {
        assertThat(written().read())
                .extracting(r -> r.getName() + " " + r.getVersion() + " "
                        + r.getResource().getValue().toStringUtf8() + " "
                        + r.getResource().getTypeUrl())
                .containsExactlyInAnyOrder(
                        "a/p v1 policy " + ResourceType.AUTHORIZATION.url(),
                        "uid v2 workload " + ResourceType.ADDRESS.url());
        assertThat(Files.list(directory)).hasSize(1);
    }

    @Test
    void noFileIsNoState() throws Exception {
        assertThat(new StateFile(directory.resolve("none")).read()).isEmpty();
    }

    @ParameterizedTest(name = "a file with its byte at {0} % changed is found out")
    @ValueSource(ints = {0, 10, 25, 50, 75, 99})
    void damageIsFoundAndTheFileSetAside(int percent) throws IOException {
        StateFile file = written();
        byte[] bytes = Files.readAllBytes(file.path());
        bytes[bytes.length * percent / 100] ^= 0x40;
        Files.write(file.path(), bytes);
        assertThatExceptionOfType(StateFileException.class)
                .isThrownBy(file::read)
                .withMessageContaining(file.path().toString())
                .withMessageContaining("state.bin.bad");
        assertThat(file.path()).doesNotExist();
        assertThat(directory.resolve("state.bin.bad")).exists();
    }

    @ParameterizedTest(name = "a file cut to {0} bytes is found out")
    @ValueSource(ints = {0, 7, 16, 40})
    void aCutFileIsFound(int length) throws IOException {
        StateFile file = written();
        Files.write(file.path(), Arrays.copyOf(Files.readAllBytes(file.path()), length));
        assertThatExceptionOfType(StateFileException.class)
                .isThrownBy(file::read)
                .withMessageContaining("it ends too early");
    }
}
