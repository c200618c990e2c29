package io.culvert.config;

import java.util.ArrayList;
import java.util.List;

/**
 * Faults in values of our annotations and labels. They do not refuse the resource: a pod that is refused for an
 * annotation would be unknown, and so in clear. The value is left out instead, which is the closed side, and said.
 */
final class Annotations {
    private Annotations() {}

    /** Reports a fault without refusing the resource. */
    static void error(Fields root, String annotation, String message) {
        report(root, Severity.ERROR, "annotations", annotation, message);
    }

    /** The same of a label. */
    static void labelError(Fields root, String label, String message) {
        report(root, Severity.ERROR, "labels", label, message);
    }

    /** Says what a label does that is worth knowing. */
    static void labelNote(Fields root, String label, String message) {
        report(root, Severity.INFO, "labels", label, message);
    }

    private static void report(Fields root, Severity severity, String map, String key, String message) {
        ReadContext quiet = root.context().sibling();
        Fields metadata = new Fields(root.mapping("metadata"), "metadata", quiet);
        Fields values = new Fields(metadata.mapping(map), metadata.child(map), quiet);
        if (severity == Severity.ERROR) {
            root.context().addTolerated(values.line(key), values.child(key), message);
        } else {
            root.context().add(severity, values.line(key), values.child(key), message);
        }
    }

    /** The elements of a comma-separated value, trimmed. */
    static List<String> elements(String value) {
        List<String> elements = new ArrayList<>();
        for (String element : value.split(",", -1)) {
            if (!element.isBlank()) {
                elements.add(element.strip());
            }
        }
        return elements;
    }
}
