package io.culvert.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class FilePagesTest {
    @Test
    void readOnlyPagesLeaveTheResidentSetAndTheProgramGoesOn() throws IOException {
        Path library = Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so");
        long before = residentKib(library);
        assertThat(before).isPositive();
        long given = FilePages.giveBack(library);
        assertThat(given).isPositive();
        assertThat(residentKib(library)).isLessThan(before);
        System.gc();
    }

    @Test
    void aFileThatIsNotMappedGivesNothing() throws IOException {
        assertThat(FilePages.giveBack(Path.of("/proc/self/exe").toRealPath().resolveSibling("javac")))
                .isZero();
    }

    private static long residentKib(Path file) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        long sum = 0;
        boolean ours = false;
        for (String line : lines) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                ours = line.endsWith(file.toString()) && line.contains(" r--p ");
            } else if (ours && line.startsWith("Rss:")) {
                sum += Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return sum;
    }
}
