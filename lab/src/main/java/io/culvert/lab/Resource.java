package io.culvert.lab;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One Kubernetes resource as it was applied, with its text: what the lab does not interpret is passed on unchanged. */
record Resource(Key key, Tree tree, String text) {
    private static final Set<String> CLUSTER_SCOPED = Set.of("Node", "Namespace");

    /** Names a resource. The namespace is empty for cluster-scoped kinds. */
    record Key(String kind, String namespace, String name) {
        static Key of(String kind, @Nullable String namespace, String name) {
            return new Key(kind, CLUSTER_SCOPED.contains(kind) ? "" : namespace == null ? "default" : namespace, name);
        }

        /** The file of the watched directory that holds it. */
        String fileName() {
            String scope = namespace.isEmpty() ? "" : namespace + ".";
            return kind.toLowerCase(Locale.ROOT) + "." + scope + name + ".yaml";
        }

        @Override
        public String toString() {
            return kind + " " + (namespace.isEmpty() ? "" : namespace + "/") + name;
        }
    }

    static Resource of(Map<String, Object> map, String text) {
        Tree tree = new Tree(map, "a resource");
        String kind = tree.required("kind");
        String name = new Tree(map, kind).required("metadata", "name");
        if (!name.matches("[a-z0-9]([-a-z0-9.]*[a-z0-9])?")) {
            throw new LabException(kind + " " + name + ": metadata.name must be a DNS name in lower case");
        }
        Key key = Key.of(kind, tree.string("metadata", "namespace"), name);
        return new Resource(key, new Tree(map, key.toString()), text);
    }

    /** The same resource with another content, whose text is written anew. */
    Resource with(Map<String, Object> changed) {
        return new Resource(key, new Tree(changed, key.toString()), Yaml.dump(changed));
    }

    Map<String, String> labels() {
        return tree.stringMap("metadata", "labels");
    }
}
