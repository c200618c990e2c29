package io.culvert.perf.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.culvert.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakeDownTest {
    private final List<String> taken = new ArrayList<>();

    @Test
    void takesEverythingDownOnceAndInReverse() throws Exception {
        TakeDown down = new TakeDown();
        down.add(() -> taken.add("directory"));
        down.add(() -> taken.add("lab"));
        down.close();
        down.close();
        assertThat(taken).containsExactly("lab", "directory");
    }

    @Test
    void whatFailsKeepsNothingElseUpAndIsTold() throws Exception {
        TakeDown down = new TakeDown();
        down.add(() -> taken.add("directory"));
        down.add(() -> {
            throw new IOException("the lab does not go");
        });
        assertThatThrownBy(down::close).isInstanceOf(LabException.class).hasMessageContaining("the lab does not go");
        assertThat(taken).containsExactly("directory");
    }

    @Test
    void whatIsMadeTooLateIsTakenDownAtOnce() throws Exception {
        TakeDown down = new TakeDown();
        down.close();
        assertThatThrownBy(() -> down.add(() -> taken.add("late"))).isInstanceOf(LabException.class);
        assertThat(taken).containsExactly("late");
    }

    @Test
    void aProcessThatIsEndedBySigtermTakesDownWhatItMade(@TempDir Path parent) throws Exception {
        Path made = parent.resolve("made");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Bench.class.getName(),
                        made.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(process.inputReader().readLine()).isEqualTo("made");
            assertThat(made).exists();
            process.destroy();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(made).doesNotExist();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Makes a file, says so, and goes on until it is ended. */
    static final class Bench {
        private Bench() {}

        public static void main(String[] args) throws Exception {
            TakeDown down = new TakeDown();
            Path made = Files.createFile(Path.of(args[0]));
            down.add(() -> Files.delete(made));
            System.out.println("made");
            Thread.currentThread().join();
        }
    }
}
