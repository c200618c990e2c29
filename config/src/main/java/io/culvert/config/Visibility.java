package io.culvert.config;

import java.util.ArrayList;
import java.util.List;

/** Reads {@code exportTo}: the namespaces that a resource of Istio's is for. Stateless; any thread. */
final class Visibility {
    private Visibility() {}

    /** The namespaces as written, "." replaced; none when it is for all. */
    static List<String> read(Fields spec, Meta meta) {
        List<String> namespaces = new ArrayList<>();
        for (Fields.Text text : spec.texts("exportTo")) {
            String value = text.value();
            if (value.equals("*")) {
                return List.of();
            }
            if (!value.equals(".") && !value.equals("~") && !NameGrammar.isDnsLabel(value)) {
                spec.error("exportTo", "\"" + value + "\" is neither \".\" nor \"*\" nor a namespace");
            }
            namespaces.add(value.equals(".") ? meta.namespace() : value);
        }
        return List.copyOf(namespaces);
    }

    /** Whether a proxy of a namespace sees it. */
    static boolean isSeen(List<String> exportTo, String namespace) {
        return exportTo.isEmpty() || exportTo.contains(namespace);
    }
}
