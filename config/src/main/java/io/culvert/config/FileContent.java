package io.culvert.config;

import io.culvert.config.ReadResult.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What reading one file gave. Immutable.
 *
 * @param documents by their text and line: a document that did not change is not read again
 * @param unidentified whether any document could not be named
 */
record FileContent(
        Map<DocumentSplitter.Chunk, ReadResult> documents, List<Diagnostic> diagnostics, boolean unidentified) {
    static final FileContent EMPTY = new FileContent(Map.of(), List.of(), false);

    static FileContent read(
            String file, String text, Map<DocumentSplitter.Chunk, ReadResult> before, Counters counters) {
        if (text.length() > ResourceStore.MAX_FILE) {
            Diagnostic tooLong = new Diagnostic(
                    Severity.ERROR,
                    file,
                    1,
                    "",
                    "",
                    "has " + text.length() + " characters, more than " + ResourceStore.MAX_FILE
                            + ": split it; what it held before stays");
            return new FileContent(Map.of(), List.of(tooLong), true);
        }
        Map<DocumentSplitter.Chunk, ReadResult> documents = new LinkedHashMap<>();
        List<Diagnostic> diagnostics = new ArrayList<>();
        boolean unidentified = false;
        for (DocumentSplitter.Chunk chunk : DocumentSplitter.split(text)) {
            ReadResult result = before.get(chunk);
            if (result == null) {
                result = DocumentReader.read(file, chunk);
                counters.documentsRead++;
            }
            documents.put(chunk, result);
            diagnostics.addAll(result.diagnostics());
            unidentified |= result.unidentified();
        }
        return new FileContent(documents, diagnostics, unidentified);
    }

    /** The resources, each with what it claims: the second of one name in a file is another claim. */
    Map<Claims.Id, Entry> entries(String file) {
        Map<Claims.Id, Entry> entries = new LinkedHashMap<>();
        Map<ResourceKey, Integer> seen = new HashMap<>();
        for (ReadResult result : documents.values()) {
            for (Entry entry : result.entries()) {
                int number = seen.merge(entry.key(), 1, Integer::sum);
                entries.put(new Claims.Id(entry.key(), file, number), entry);
            }
        }
        return entries;
    }
}
