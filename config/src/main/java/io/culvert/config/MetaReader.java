package io.culvert.config;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** Reads metadata. */
final class MetaReader {
    private static final String DEFAULT_NAMESPACE = "default";
    private static final String NAMELESS = "culvert-refused-";

    private MetaReader() {}

    /**
     * Reads metadata, with errors for what Kubernetes would not take.
     *
     * @return the metadata, or null when there is no usable name
     */
    static @Nullable Meta read(Fields root, Kind kind) {
        ReadContext context = root.context();
        context.name(kind.label());
        Fields metadata = root.object("metadata");
        if (metadata == null) {
            root.error("metadata", "is missing: give the resource a metadata.name");
            return null;
        }
        String name = metadata.text("name");
        String namespace = namespace(metadata, kind);
        if (name == null || name.isEmpty() || namespace == null) {
            if (namespace != null && !metadata.has("name")) {
                metadata.error(
                        "name",
                        metadata.has("generateName")
                                ? "is missing: generateName needs an API server; give a name"
                                : "is missing: give the resource a name");
            } else if (name != null && name.isEmpty()) {
                metadata.error("name", "must not be empty");
            }
            return null;
        }
        ResourceKey key = new ResourceKey(kind, namespace, name);
        context.name(key.toString());
        checkName(metadata, kind, name);
        Fields annotations = metadata.object("annotations");
        return new Meta(
                key,
                SelectorReader.labels(metadata, "labels"),
                annotations == null ? Map.of() : Map.copyOf(annotations.asTexts()),
                metadata.text("uid", ""),
                created(metadata),
                metadata.has("deletionTimestamp"),
                owners(metadata),
                new Origin(context.file(), root.line()));
    }

    /** Metadata for a resource that has no readable name: what stands in for it needs one. */
    static Meta nameless(Kind kind, @Nullable String namespace, @Nullable String name, Origin origin) {
        CRC32 sum = new CRC32();
        sum.update(origin.toString().getBytes(StandardCharsets.UTF_8));
        ResourceKey key = new ResourceKey(
                kind,
                Objects.requireNonNullElse(namespace, DEFAULT_NAMESPACE),
                Objects.requireNonNullElseGet(name, () -> String.format(NAMELESS + "%08x", sum.getValue())));
        return new Meta(key, Map.of(), Map.of(), "", null, false, List.of(), origin);
    }

    /** Whether the resource has no readable name. */
    static boolean isNameless(Meta meta) {
        return meta.name().startsWith(NAMELESS);
    }

    private static @Nullable String namespace(Fields metadata, Kind kind) {
        String namespace = metadata.text("namespace", "");
        if (!kind.namespaced()) {
            if (!namespace.isEmpty()) {
                metadata.warning("namespace", "a " + kind.label() + " belongs to no namespace; ignored");
            }
            return "";
        }
        if (namespace.isEmpty()) {
            return metadata.context().errors() > 0 && metadata.has("namespace") ? null : DEFAULT_NAMESPACE;
        }
        if (!NameGrammar.isDnsLabel(namespace)) {
            metadata.error("namespace", "\"" + namespace + "\" is no namespace name: use a-z, 0-9 and '-', at most 63");
            return null;
        }
        return namespace;
    }

    private static void checkName(Fields metadata, Kind kind, String name) {
        boolean label = kind == Kind.NAMESPACE || kind == Kind.SERVICE;
        if (label ? !NameGrammar.isDnsLabel(name) : !NameGrammar.isDnsName(name)) {
            metadata.error(
                    "name",
                    "\"" + name + "\" is no name for a " + kind.label() + ": use a-z, 0-9"
                            + (label ? " and '-', at most 63" : ", '-' and '.', at most 253"));
        }
    }

    private static @Nullable Instant created(Fields metadata) {
        String text = metadata.text("creationTimestamp");
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            metadata.error("creationTimestamp", "\"" + text + "\" is no time: use 2006-01-02T15:04:05Z");
            return null;
        }
    }

    private static List<Meta.Owner> owners(Fields metadata) {
        List<Meta.Owner> owners = new ArrayList<>();
        for (Fields owner : metadata.objects("ownerReferences")) {
            owners.add(new Meta.Owner(owner.text("kind", ""), owner.text("name", ""), owner.flag("controller")));
            owner.known("apiVersion", "blockOwnerDeletion", "uid").finish();
        }
        metadata.known(
                        "deletionGracePeriodSeconds",
                        "finalizers",
                        "generateName",
                        "generation",
                        "managedFields",
                        "resourceVersion",
                        "selfLink")
                .finish();
        return List.copyOf(owners);
    }
}
