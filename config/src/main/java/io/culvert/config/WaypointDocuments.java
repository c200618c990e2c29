package io.culvert.config;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The documents that waypoints get, and what of them changed since it was last asked: those of kinds that routes are made
 * of, as they were written, so that a waypoint says the same about a fault as the controller does. Of pods only names and
 * labels. Owned by: the compiler's thread.
 */
final class WaypointDocuments {
    // A list is sent as a whole, and nobody but their owner must see these.
    private static final Pattern SECRET = Pattern.compile("kind[\"']?\\s*:\\s*[\"']?Secret\\b");

    private final Map<String, Map<String, SourceDocument>> byFile = new HashMap<>();
    /** What was sent of the pods of each file: of one that is refused now it stays. */
    private final Map<String, Map<ResourceKey, String>> podsByFile = new HashMap<>();

    private final Map<String, @Nullable SourceDocument> changes = new LinkedHashMap<>();

    /** Takes what reading a file gave. What it had before stays as long as something in it cannot be named. */
    void update(String file, FileContent content) {
        Map<String, SourceDocument> now = new LinkedHashMap<>();
        Map<ResourceKey, String> podsBefore = podsByFile.getOrDefault(file, Map.of());
        Map<ResourceKey, String> pods = new HashMap<>();
        content.documents().forEach((chunk, result) -> {
            String text = text(chunk, result, podsBefore, pods);
            if (!text.isEmpty()) {
                now.put(file + "#" + now.size(), new SourceDocument(file, chunk.line(), text));
            }
        });
        Map<String, SourceDocument> before = byFile.getOrDefault(file, Map.of());
        if (content.unidentified()) {
            before.forEach(now::putIfAbsent);
        }
        for (String name : before.keySet()) {
            if (!now.containsKey(name)) {
                changes.put(name, null);
            }
        }
        now.forEach((name, document) -> {
            if (!document.equals(before.get(name))) {
                changes.put(name, document);
            }
        });
        if (content.unidentified()) {
            podsBefore.forEach(pods::putIfAbsent);
        }
        if (pods.isEmpty()) {
            podsByFile.remove(file);
        } else {
            podsByFile.put(file, pods);
        }
        if (now.isEmpty()) {
            byFile.remove(file);
        } else {
            byFile.put(file, now);
        }
    }

    /** By name; null for one that is gone. */
    Map<String, @Nullable SourceDocument> takeChanges() {
        Map<String, @Nullable SourceDocument> taken = new LinkedHashMap<>(changes);
        changes.clear();
        return taken;
    }

    private static String text(
            DocumentSplitter.Chunk chunk,
            ReadResult result,
            Map<ResourceKey, String> podsBefore,
            Map<ResourceKey, String> pods) {
        StringBuilder labels = new StringBuilder();
        boolean concerns = false;
        for (ReadResult.Entry entry : result.entries()) {
            if (entry.key().kind() == Kind.POD) {
                String text = entry.good() instanceof PodResource pod
                        ? labels(pod.meta())
                        : podsBefore.getOrDefault(entry.key(), "");
                if (!text.isEmpty()) {
                    pods.put(entry.key(), text);
                    labels.append(labels.isEmpty() ? "" : "---\n").append(text);
                }
            } else {
                concerns |= entry.key().kind().concernsWaypoints();
            }
        }
        return concerns && !SECRET.matcher(chunk.text()).find() ? chunk.text() : labels.toString();
    }

    private static String labels(Meta pod) {
        StringBuilder text = new StringBuilder("apiVersion: v1\nkind: Pod\nmetadata:\n  name: ")
                .append(quoted(pod.name()))
                .append("\n  namespace: ")
                .append(quoted(pod.namespace()))
                .append("\n  labels:");
        if (pod.labels().isEmpty()) {
            text.append(" {}");
        }
        new TreeMap<>(pod.labels())
                .forEach((name, value) ->
                        text.append("\n    ").append(quoted(name)).append(": ").append(quoted(value)));
        return text.append("\nspec: {}\n").toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
