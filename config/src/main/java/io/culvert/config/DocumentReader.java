package io.culvert.config;

import io.culvert.config.ReadResult.Entry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Reads one YAML document: a resource, or a List of them. Owned by: the call of {@link #read}. */
final class DocumentReader {
    private final String file;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Diagnostic> diagnostics = new ArrayList<>();
    private boolean unidentified;

    private DocumentReader(String file) {
        this.file = file;
    }

    /** Reads a document; never throws for bad input. */
    static ReadResult read(String file, DocumentSplitter.Chunk chunk) {
        try {
            BoundedComposer.Document document = BoundedComposer.compose(chunk);
            if (document.root() == null) {
                return new ReadResult(List.of(), List.of(), false);
            }
            DocumentReader reader = new DocumentReader(file);
            ReadContext context = new ReadContext(file, chunk.line(), new ReadContext.VisitBudget(document.nodes()));
            reader.top(document.root(), chunk.line(), context);
            return new ReadResult(List.copyOf(reader.entries), List.copyOf(reader.diagnostics), reader.unidentified);
        } catch (YamlFault fault) {
            return MalformedDocument.read(file, chunk, fault);
        }
    }

    private void top(Node node, int line, ReadContext context) {
        if (!(node instanceof MappingNode mapping)) {
            context.add(
                    Severity.ERROR,
                    line,
                    "",
                    "is no Kubernetes resource: it must be a mapping with apiVersion and kind");
            unidentified = true;
            diagnostics.addAll(context.diagnostics());
            return;
        }
        Fields root = new Fields(mapping, "", context);
        if (root.text("kind", "").endsWith("List") && root.has("items")) {
            list(root, context);
        } else {
            resource(root);
        }
    }

    private void list(Fields root, ReadContext context) {
        int index = 0;
        if (root.node("items") instanceof SequenceNode items) {
            for (Node item : items.getValue()) {
                ReadContext own = context.sibling();
                if (item instanceof MappingNode mapping) {
                    resource(new Fields(mapping, "items[" + index + "]", own));
                } else {
                    own.add(Severity.ERROR, root.line("items"), "items[" + index + "]", "is no Kubernetes resource");
                    unidentified = true;
                    diagnostics.addAll(own.diagnostics());
                }
                index++;
            }
        } else {
            context.add(Severity.ERROR, root.line("items"), "items", "must be a list");
            unidentified = true;
        }
        diagnostics.addAll(context.diagnostics());
    }

    private void resource(Fields root) {
        root.context().name(label(root.again()));
        Kind kind = kind(root);
        if (kind != null) {
            // A wrong apiVersion was reported as an error: the resource is refused but named.
            Meta meta = MetaReader.read(root, kind);
            if (meta == null) {
                nameless(root, kind);
            } else {
                Resource read = Kinds.reader(kind).read(root, meta);
                boolean good = root.context().errors() == 0;
                entries.add(new Entry(
                        meta.key(), meta.origin(), good ? read : null, good ? null : closed(root, kind, meta), false));
            }
        }
        diagnostics.addAll(root.context().diagnostics());
    }

    // As far as it can be told before the kind is known.
    private static String label(Fields root) {
        Fields metadata = root.object("metadata");
        String name = metadata == null ? "" : metadata.text("name", "");
        String namespace = metadata == null ? "" : metadata.text("namespace", "");
        return (root.text("kind", "") + " " + (namespace.isEmpty() ? name : namespace + "/" + name)).strip();
    }

    // A resource without a name can be neither kept from before nor left open.
    private void nameless(Fields root, Kind kind) {
        unidentified = true;
        Fields quiet = root.again();
        Fields metadata = quiet.object("metadata");
        String namespace = metadata == null ? null : metadata.text("namespace");
        Origin origin = new Origin(file, root.line());
        Meta meta = MetaReader.nameless(kind, usable(namespace), null, origin);
        // The rest is read all the same: who corrects the name should not find the next fault only then.
        Kinds.reader(kind).read(root, meta);
        if (kind.failsClosed()) {
            entries.add(new Entry(meta.key(), origin, null, closed(root, kind, meta), true));
        }
    }

    private static @Nullable String usable(@Nullable String namespace) {
        return namespace != null && NameGrammar.isDnsLabel(namespace) ? namespace : null;
    }

    private static @Nullable Resource closed(Fields root, Kind kind, Meta meta) {
        return kind.failsClosed() ? Kinds.reader(kind).closed(root.again(), meta) : null;
    }

    private @Nullable Kind kind(Fields root) {
        String apiVersion = root.text("apiVersion", "");
        String label = root.text("kind", "");
        if (label.isEmpty() || apiVersion.isEmpty()) {
            String missing = label.isEmpty() ? "kind" : "apiVersion";
            if (!root.has(missing)) {
                root.error(missing, "is missing: every resource needs apiVersion and kind");
            }
            unidentified = true;
            return label.isEmpty() ? null : Kinds.anywhere(label);
        }
        int slash = apiVersion.indexOf('/');
        String group = slash < 0 ? "" : apiVersion.substring(0, slash);
        String version = apiVersion.substring(slash + 1);
        Kind kind = Kind.of(group, label);
        if (kind != null) {
            if (!kind.versions().contains(version)) {
                root.error(
                        "apiVersion",
                        "version \"" + version + "\" of " + label + " is not supported: use "
                                + String.join(" or ", versions(kind)));
            }
            return kind;
        }
        return Kinds.isKnown(group, version, label) ? unused(root, apiVersion, label) : unknown(root, group, label);
    }

    private static List<String> versions(Kind kind) {
        return kind.versions().stream()
                .map(version -> kind.group().isEmpty() ? version : kind.group() + "/" + version)
                .toList();
    }

    private static @Nullable Kind unused(Fields root, String apiVersion, String label) {
        root.info("kind", label + " (" + apiVersion + ") is not used yet");
        return null;
    }

    // A slip in the name of a kind that closes things must not open them: it counts as that kind, refused.
    private static @Nullable Kind unknown(Fields root, String group, String label) {
        String near = Kinds.nearest(group, label);
        Kind meant = near == null ? null : Kind.of(group, near);
        if (meant != null) {
            root.error("kind", "unknown kind \"" + label + "\"; did you mean `" + near + "`?");
            return meant;
        }
        Kind elsewhere = Kinds.anywhere(label);
        if (elsewhere != null) {
            String message = label + " belongs to apiVersion " + String.join(" or ", versions(elsewhere))
                    + ", not to \"" + root.text("apiVersion", "") + "\"";
            if (elsewhere.failsClosed() && Suggestion.nearest(group, List.of(elsewhere.group())) != null) {
                root.error("apiVersion", message);
                return elsewhere;
            }
            root.warning("apiVersion", message + "; ignored");
            return null;
        }
        root.warning(
                "kind",
                "unknown kind \"" + label + "\" of \"" + root.text("apiVersion", "") + "\", ignored"
                        + (near == null ? "" : "; did you mean `" + near + "`?"));
        return null;
    }
}
