package io.culvert.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A view of a YAML mapping that names the field in its complaints. Immutable as long as its mapping is left alone. */
record Tree(Map<String, Object> map, String where) {
    static final Tree EMPTY = new Tree(Map.of(), "");

    /** The text of a scalar field, or null when it or a mapping on the way to it is missing. */
    @Nullable
    String string(String... path) {
        Object value = find(path);
        if (value instanceof Map || value instanceof List) {
            throw new LabException(where + ": " + String.join(".", path) + " must be a single value");
        }
        return value == null ? null : value.toString();
    }

    String string(List<String> path, String otherwise) {
        String value = string(path.toArray(String[]::new));
        return value == null ? otherwise : value;
    }

    String required(String... path) {
        String value = string(path);
        if (value == null) {
            throw new LabException(where + ": " + String.join(".", path) + " is missing");
        }
        return value;
    }

    @Nullable
    Integer integer(String... path) {
        String value = string(path);
        try {
            return value == null ? null : Integer.valueOf(value);
        } catch (NumberFormatException e) {
            throw new LabException(where + ": " + String.join(".", path) + " must be a whole number, not " + value, e);
        }
    }

    int integer(String field, int otherwise) {
        Integer value = integer(field);
        return value == null ? otherwise : value;
    }

    boolean has(String... path) {
        return find(path) != null;
    }

    /** The mapping at {@code path}, empty when it is missing. */
    @SuppressWarnings("unchecked") // Yaml.load lets only string keys through
    Tree at(String... path) {
        Object value = find(path);
        if (value == null) {
            return new Tree(Map.of(), where + " " + String.join(".", path));
        }
        if (!(value instanceof Map)) {
            throw new LabException(where + ": " + String.join(".", path) + " must be a mapping");
        }
        return new Tree((Map<String, Object>) value, where + " " + String.join(".", path));
    }

    /** The mappings of the list at {@code path}. */
    List<Tree> list(String... path) {
        List<Tree> trees = new ArrayList<>();
        for (Object element : elements(path)) {
            String here = where + " " + String.join(".", path) + "[" + trees.size() + "]";
            trees.add(new Tree(Map.of("it", element), here).at("it"));
        }
        return trees;
    }

    /** The scalars of the list at {@code path}, as text. */
    List<String> strings(String... path) {
        return elements(path).stream().map(Object::toString).toList();
    }

    /** The mapping at {@code path} with its values as text: labels, annotations, selectors. */
    Map<String, String> stringMap(String... path) {
        Map<String, String> strings = new LinkedHashMap<>();
        at(path).map().forEach((key, value) -> strings.put(key, String.valueOf(value)));
        return strings;
    }

    private List<?> elements(String... path) {
        Object value = find(path);
        if (value == null) {
            return List.of();
        }
        if (value instanceof List<?> list) {
            return list;
        }
        throw new LabException(where + ": " + String.join(".", path) + " must be a list");
    }

    private @Nullable Object find(String... path) {
        Object value = map;
        for (String field : path) {
            if (!(value instanceof Map<?, ?> mapping)) {
                return null;
            }
            value = mapping.get(field);
        }
        return value;
    }
}
