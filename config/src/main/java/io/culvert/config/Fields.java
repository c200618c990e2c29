package io.culvert.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One YAML mapping while it is read: typed access to its fields; a wrong type is an error with line and path, and the
 * accessor then answers as if the field were absent. A field that is null is absent, as in Kubernetes. Owned by: the
 * read.
 */
final class Fields {
    private final MappingNode node;
    private final ReadContext context;
    private final String path;
    private final int line;
    private final Map<String, ScalarNode> keys = new LinkedHashMap<>();
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Set<String> known = new HashSet<>();

    Fields(MappingNode node, String path, ReadContext context) {
        this.node = node;
        this.context = context;
        this.path = path;
        this.line = context.fileLine(lineOf(node));
        context.visit(line);
        node.getValue().forEach(this::put);
    }

    private void put(NodeTuple tuple) {
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            context.add(Severity.ERROR, lineOfFile(tuple.getKeyNode()), path, "a key must be a string");
            return;
        }
        String name = key.getValue();
        if (key.getTag().equals(Tag.MERGE)) {
            merge(tuple.getValueNode());
        } else if (keys.containsKey(name)) {
            int first = lineOfFile(keys.get(name));
            context.add(
                    Severity.ERROR,
                    lineOfFile(key),
                    child(name),
                    "is given twice (first in line " + first + "): remove one");
        } else {
            keys.put(name, key);
            values.put(name, tuple.getValueNode());
        }
    }

    // "<<": fields of another mapping that are not given here.
    private void merge(Node other) {
        if (other instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                if (tuple.getKeyNode() instanceof ScalarNode key) {
                    keys.putIfAbsent(key.getValue(), key);
                    values.putIfAbsent(key.getValue(), tuple.getValueNode());
                }
            }
        } else {
            context.add(Severity.ERROR, lineOfFile(other), child("<<"), "must name a mapping");
        }
    }

    /** The same mapping, to be read once more into a context that nobody looks at. */
    Fields again() {
        return new Fields(node, path, context.sibling());
    }

    ReadContext context() {
        return context;
    }

    String path() {
        return path;
    }

    /** Line in the file. */
    int line() {
        return line;
    }

    int line(String name) {
        ScalarNode key = keys.get(name);
        return key == null ? line : lineOfFile(key);
    }

    String child(String name) {
        String part = name.indexOf('.') >= 0 || name.indexOf('/') >= 0 ? "[" + name + "]" : name;
        return path.isEmpty() || part.charAt(0) == '[' ? path + part : path + "." + part;
    }

    boolean has(String name) {
        return value(name) != null;
    }

    boolean isEmptyList(String name) {
        return value(name) instanceof SequenceNode sequence
                && sequence.getValue().isEmpty();
    }

    void error(String name, String message) {
        context.add(Severity.ERROR, line(name), name.isEmpty() ? path : child(name), message);
    }

    void warning(String name, String message) {
        context.add(Severity.WARNING, line(name), name.isEmpty() ? path : child(name), message);
    }

    void info(String name, String message) {
        context.add(Severity.INFO, line(name), name.isEmpty() ? path : child(name), message);
    }

    @Nullable
    String text(String name) {
        Node node = value(name);
        return node == null ? null : string(node, child(name));
    }

    String text(String name, String absent) {
        String text = text(name);
        return text == null ? absent : text;
    }

    boolean flag(String name) {
        Node node = value(name);
        if (node == null) {
            return false;
        }
        if (node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.BOOL)) {
            return scalar.getValue().equalsIgnoreCase("true");
        }
        wrongType(node, child(name), "true or false");
        return false;
    }

    /** True or false, or null when it is absent or wrong. */
    @Nullable
    Boolean flagIfGiven(String name) {
        return has(name) ? Boolean.valueOf(flag(name)) : null;
    }

    /** A number with or without decimals in a range, or null when it is absent or wrong. */
    @Nullable
    Double decimal(String name, double least, double most) {
        Node node = value(name);
        if (node == null) {
            return null;
        }
        boolean number = node instanceof ScalarNode scalar
                && (scalar.getTag().equals(Tag.INT) || scalar.getTag().equals(Tag.FLOAT));
        if (!number) {
            wrongType(node, child(name), "a number");
            return null;
        }
        String text = ((ScalarNode) node).getValue();
        double value = Double.NaN;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            // Infinity and the like in YAML's own words: said below.
        }
        if (value >= least && value <= most) {
            return value;
        }
        error(name, text + " is out of range: use " + plain(least) + " to " + plain(most));
        return null;
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number);
    }

    /** A number in a range, or null when it is absent or wrong. */
    @Nullable
    Integer number(String name, int least, int most) {
        Node node = value(name);
        if (node == null) {
            return null;
        }
        if (!(node instanceof ScalarNode scalar) || !scalar.getTag().equals(Tag.INT)) {
            wrongType(node, child(name), "a number");
            return null;
        }
        try {
            int number = Integer.decode(scalar.getValue());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Out of an int's range: said below.
        }
        error(name, scalar.getValue() + " is out of range: use " + least + " to " + most);
        return null;
    }

    /** One of some words, or null when it is absent or wrong. */
    <E extends Enum<E>> @Nullable E choice(String name, Class<E> type) {
        String text = text(name);
        if (text == null) {
            return null;
        }
        List<String> words = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(text)) {
                return constant;
            }
            words.add(constant.name());
        }
        error(name, "\"" + text + "\" is not one of " + String.join(", ", words) + Suggestion.of(text, words));
        return null;
    }

    /** A mapping that is known to be there. */
    MappingNode mapping(String name) {
        if (values.get(name) instanceof MappingNode mapping) {
            return mapping;
        }
        throw new IllegalStateException(child(name) + " is no mapping");
    }

    @Nullable
    Fields object(String name) {
        Node node = value(name);
        if (node == null) {
            return null;
        }
        if (node instanceof MappingNode mapping) {
            return new Fields(mapping, child(name), context);
        }
        wrongType(node, child(name), "a mapping");
        return null;
    }

    /** The mappings of a list; none when it is absent. */
    List<Fields> objects(String name) {
        List<Fields> objects = new ArrayList<>();
        int index = 0;
        for (Node item : elements(name)) {
            String at = child(name) + "[" + index++ + "]";
            if (item instanceof MappingNode mapping) {
                objects.add(new Fields(mapping, at, context));
            } else {
                wrongType(item, at, "a mapping");
            }
        }
        return objects;
    }

    /** A string of a list, with where it stands. */
    record Text(String value, String path, int line) {}

    List<Text> texts(String name) {
        List<Text> texts = new ArrayList<>();
        int index = 0;
        for (Node item : elements(name)) {
            String at = child(name) + "[" + index++ + "]";
            context.visit(line);
            String text = string(item, at);
            if (text != null) {
                texts.add(new Text(text, at, lineOfFile(item)));
            }
        }
        return texts;
    }

    /** The numbers of a list, each in a range. */
    List<Integer> numbers(String name, int least, int most) {
        List<Integer> numbers = new ArrayList<>();
        int index = 0;
        for (Node item : elements(name)) {
            String at = child(name) + "[" + index++ + "]";
            context.visit(line);
            Integer number =
                    item instanceof ScalarNode scalar && scalar.getTag().equals(Tag.INT)
                            ? number(scalar.getValue())
                            : null;
            if (number == null) {
                wrongType(item, at, "a number");
            } else if (number < least || number > most) {
                context.add(
                        Severity.ERROR,
                        lineOfFile(item),
                        at,
                        number + " is out of range: use " + least + " to " + most);
            } else {
                numbers.add(number);
            }
        }
        return numbers;
    }

    private static @Nullable Integer number(String text) {
        try {
            return Integer.decode(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Where something stands in a resource. */
    record Place(String path, int line) {}

    /** Where this mapping stands. */
    Place place() {
        return new Place(path, line);
    }

    /** All fields as strings, as those of labels and annotations are. */
    Map<String, String> asTexts() {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String key : keys.keySet()) {
            texts.put(key, text(key, ""));
        }
        return texts;
    }

    /** A number or a name, as targetPort is; text in either case. */
    @Nullable
    String numberOrText(String name) {
        Node node = value(name);
        if (node instanceof ScalarNode scalar
                && (scalar.getTag().equals(Tag.INT) || scalar.getTag().equals(Tag.STR))) {
            return scalar.getValue();
        }
        if (node != null) {
            wrongType(node, child(name), "a number or a name");
        }
        return null;
    }

    /** Names of all fields as written. */
    Set<String> names() {
        return keys.keySet();
    }

    /** The fields that exist in this mapping's schema and are not read. */
    Fields known(String... names) {
        known.addAll(Arrays.asList(names));
        return this;
    }

    /** Warns of every field that was neither read nor declared known. */
    void finish() {
        for (String name : keys.keySet()) {
            if (!known.contains(name)) {
                String hint = Suggestion.of(name, known);
                warning(name, hint.isEmpty() ? "unknown field, ignored" : "unknown field, ignored" + hint);
            }
        }
    }

    /** The node itself, for a list whose items are read apart. */
    @Nullable
    Node node(String name) {
        return value(name);
    }

    private @Nullable Node value(String name) {
        known.add(name);
        Node node = values.get(name);
        return node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL) ? null : node;
    }

    private List<Node> elements(String name) {
        Node node = value(name);
        if (node instanceof SequenceNode sequence) {
            return sequence.getValue();
        }
        if (node != null) {
            wrongType(node, child(name), "a list");
        }
        return List.of();
    }

    private @Nullable String string(Node node, String at) {
        if (node instanceof ScalarNode scalar) {
            Tag tag = scalar.getTag();
            // An unquoted "${X}" has a tag of its own in the engine; nothing is substituted here.
            if (tag.equals(Tag.STR) || tag.equals(Tag.ENV_TAG)) {
                return scalar.getValue();
            }
        }
        wrongType(node, at, "a string");
        return null;
    }

    private void wrongType(Node node, String at, String wanted) {
        String is = describe(node);
        boolean quote = wanted.equals("a string")
                && node instanceof ScalarNode scalar
                && !scalar.getValue().isEmpty();
        context.add(
                Severity.ERROR,
                lineOfFile(node),
                at,
                "must be " + wanted + ", is " + is + (quote ? ": put it in quotes" : ""));
    }

    private static String describe(Node node) {
        return switch (node) {
            case MappingNode _ -> "a mapping";
            case SequenceNode _ -> "a list";
            case ScalarNode scalar when scalar.getTag().equals(Tag.NULL) -> "null";
            case ScalarNode scalar when scalar.getTag().equals(Tag.BOOL) -> "the boolean " + scalar.getValue();
            case ScalarNode scalar
            when scalar.getTag().equals(Tag.INT) || scalar.getTag().equals(Tag.FLOAT) ->
                "the number " + scalar.getValue();
            case ScalarNode _ -> "a string";
            default -> "something else";
        };
    }

    private int lineOfFile(Node node) {
        return context.fileLine(lineOf(node));
    }

    private static int lineOf(Node node) {
        return node.getStartMark().map(mark -> mark.getLine()).orElse(0);
    }
}
