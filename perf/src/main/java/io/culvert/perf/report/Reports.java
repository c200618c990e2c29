package io.culvert.perf.report;

import io.culvert.perf.result.BenchJson;
import io.culvert.perf.result.BenchRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes everything that is to be read of a run. Any thread. */
public final class Reports {
    private Reports() {}

    /**
     * Writes {@code bench.json}, {@code bench.md}, {@code bench.html} and one PNG per chart into {@code directory},
     * which is made where it is missing; files of an earlier run are replaced. The JSON goes first: whatever fails after
     * it, the run is kept.
     *
     * @return the files in that order
     * @throws UncheckedIOException when a file cannot be written, or there are no fonts to draw with
     */
    public static List<Path> write(BenchRun run, Path directory) {
        List<Path> files = new ArrayList<>();
        try {
            Files.createDirectories(directory);
            Path json = directory.resolve("bench.json");
            BenchJson.write(run, json);
            files.add(json);
            files.add(Files.writeString(directory.resolve("bench.md"), Markdown.of(run)));
            files.add(Files.writeString(directory.resolve("bench.html"), Page.of(run)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the report into " + directory + "; is it writable?", e);
        }
        files.addAll(Pngs.write(run, directory));
        return List.copyOf(files);
    }
}
