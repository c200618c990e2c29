package io.culvert.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Reads Kubernetes YAML into {@link Resource}s and writes it. */
final class Yaml {
    private Yaml() {}

    /** Reads every document of {@code text}; empty ones are skipped. {@code source} names it in errors. */
    static List<Resource> load(String text, String source) {
        List<Resource> resources = new ArrayList<>();
        for (String document : text.split("(?m)^---.*$", -1)) {
            Object content = parse(document, source);
            if (content != null) {
                resources.add(Resource.of(mapping(content, source), document.stripLeading()));
            }
        }
        return resources;
    }

    static String dump(Map<String, Object> tree) {
        // With the schema that readers use, text such as True or 80 is put in quotes.
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setSchema(new CoreSchema())
                .build();
        return new Dump(settings).dumpToString(tree);
    }

    /** A deep copy whose mappings and lists can be changed. */
    static Map<String, Object> copy(Map<String, Object> tree) {
        Map<String, Object> copy = new LinkedHashMap<>();
        tree.forEach((key, value) -> copy.put(key, copyValue(value)));
        return copy;
    }

    /** The mapping below {@code key}, made when it is missing. */
    @SuppressWarnings("unchecked") // trees hold only mappings with string keys
    static Map<String, Object> child(Map<String, Object> tree, String key) {
        return (Map<String, Object>) tree.computeIfAbsent(key, k -> new LinkedHashMap<>());
    }

    @SuppressWarnings("unchecked")
    private static Object copyValue(Object value) {
        return switch (value) {
            case Map<?, ?> map -> copy((Map<String, Object>) map);
            case List<?> list -> {
                List<Object> copies = new ArrayList<>();
                list.forEach(element -> copies.add(copyValue(element)));
                yield copies;
            }
            default -> value;
        };
    }

    private static @Nullable Object parse(String document, String source) {
        try {
            return new Load(LoadSettings.builder()
                            .setLabel(source)
                            .setSchema(new CoreSchema())
                            .build())
                    .loadFromString(document);
        } catch (YamlEngineException e) {
            throw new LabException(source + " is not valid YAML: " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("unchecked") // checked key by key
    private static Map<String, Object> mapping(Object content, String source) {
        if (!(content instanceof Map<?, ?> map) || !map.keySet().stream().allMatch(String.class::isInstance)) {
            throw new LabException(source + ": every document must be a mapping with apiVersion, kind and metadata");
        }
        return (Map<String, Object>) map;
    }
}
