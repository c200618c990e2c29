package io.culvert.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a waypoint's pod has logged of its requests. */
final class RequestLog {
    private static final ObjectMapper JSON = new ObjectMapper();

    private RequestLog() {}

    /** The whole lines so far; the pod is {@code namespace.name}. */
    static List<JsonNode> of(Lab lab, String pod) {
        List<JsonNode> lines = new ArrayList<>();
        try (Stream<String> all = Files.lines(lab.directory().resolve("pods/" + pod + "/access.log"))) {
            for (String line : all.toList()) {
                if (line.endsWith("}")) {
                    lines.add(JSON.readTree(line));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }
}
