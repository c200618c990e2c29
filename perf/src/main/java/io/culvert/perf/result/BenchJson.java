package io.culvert.perf.result;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The JSON file of a run: every round of it, pretty, keys in a stable order. A figure that was not measured is the
 * string "NaN". Any thread.
 */
public final class BenchJson {
    /** What the first key of every file says; another number means another layout. */
    static final String FORMAT = "culvert-bench/1";

    private static final String REMEDY = "; give a bench.json that ./culvert bench of this version wrote";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private BenchJson() {}

    private record Document(
            String format,
            Environment environment,
            boolean quick,
            List<Series> series,
            List<Gap> gaps,
            List<Row> rows) {
        BenchRun run() {
            return new BenchRun(environment, quick, series, gaps, rows);
        }
    }

    /**
     * Writes {@code run} to {@code file}, replacing what is there at once or not at all.
     *
     * @throws UncheckedIOException when the file cannot be written
     */
    public static void write(BenchRun run, Path file) {
        Document document = new Document(FORMAT, run.environment(), run.quick(), run.series(), run.gaps(), run.rows());
        DefaultIndenter unix = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter().withObjectIndenter(unix).withArrayIndenter(unix);
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try {
            Files.writeString(partial, MAPPER.writer(printer).writeValueAsString(document) + "\n");
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + "; is its directory there and writable?", e);
        }
    }

    /**
     * The run that {@code file} holds.
     *
     * @throws BenchFileException when it is missing, broken or not ours; the message is for people
     */
    public static BenchRun read(Path file) {
        try {
            String text = Files.readString(file);
            JsonNode format = MAPPER.readTree(text).path("format");
            if (!FORMAT.equals(format.asText())) {
                String says = format.isMissingNode() ? "has no \"format\"" : "says format " + format;
                throw new BenchFileException(file + " " + says + ", not \"" + FORMAT + "\"" + REMEDY);
            }
            BenchRun run = MAPPER.readValue(text, Document.class).run();
            checkHistograms(run, file);
            return run;
        } catch (JacksonException e) {
            throw new BenchFileException(file + place(e) + ": " + said(e.getOriginalMessage()) + REMEDY, e);
        } catch (NoSuchFileException e) {
            throw new BenchFileException("there is no file " + file + REMEDY, e);
        } catch (CharacterCodingException e) {
            throw new BenchFileException(file + " is not text in UTF-8" + REMEDY, e);
        } catch (IOException e) {
            throw new BenchFileException("cannot read " + file + ": " + e + REMEDY, e);
        }
    }

    private static void checkHistograms(BenchRun run, Path file) {
        for (Series series : run.series()) {
            for (Round round : series.rounds()) {
                for (Map.Entry<String, String> entry : round.histograms().entrySet()) {
                    try {
                        Histograms.decode(entry.getValue());
                    } catch (IllegalArgumentException e) {
                        throw new BenchFileException(
                                file + ": histogram " + entry.getKey() + " of " + series.name() + ", rotation "
                                        + round.rotation() + ", is " + e.getMessage() + REMEDY,
                                e);
                    }
                }
            }
        }
    }

    private static String place(JacksonException e) {
        JsonLocation at = e.getLocation();
        String line = at == null || at.getLineNr() < 1 ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr();
        if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
            return line;
        }
        return line
                + mapping.getPath().stream()
                        .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : "." + r.getFieldName())
                        .collect(Collectors.joining("", " at ", ""));
    }

    /** The first line, without the parser's own switches. */
    private static String said(String message) {
        String line = message.lines().findFirst().orElse("not readable");
        int switches = line.indexOf("; `");
        return switches < 0 ? line : line.substring(0, switches);
    }
}
