package io.culvert.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The pods that files describe, for analysis: those that are there and those that Deployments will make. Immutable. */
final class Subjects {
    private final CompilerSettings settings;
    private final Mesh mesh;
    private final List<PodResource> pods = new ArrayList<>();

    Subjects(CompilerSettings settings, Mesh mesh) {
        this.settings = settings;
        this.mesh = mesh;
        for (PodResource pod : mesh.pods().all()) {
            if (!pod.terminal()) {
                pods.add(pod);
            }
        }
        for (DeploymentResource deployment : mesh.deployments().values()) {
            pods.add(deployment.template());
        }
        pods.sort(Comparator.comparing(Resource::key));
    }

    /** Pods in the reach of a policy or service: its namespace, or the mesh when it is in the root namespace. */
    List<PodResource> inReach(Meta meta, boolean rootIsMesh) {
        boolean everywhere = rootIsMesh && meta.namespace().equals(settings.rootNamespace());
        return pods.stream()
                .filter(pod -> everywhere || pod.meta().namespace().equals(meta.namespace()))
                .toList();
    }

    static List<PodResource> selected(List<PodResource> pods, Selector selector) {
        return pods.stream()
                .filter(pod -> selector.matches(pod.meta().labels()))
                .toList();
    }

    List<PodResource> all() {
        return pods;
    }

    Enrolment enrolment(PodResource pod) {
        NamespaceResource namespace = mesh.namespaces().get(pod.meta().namespace());
        return Enrolment.of(pod, namespace == null ? Map.of() : namespace.meta().labels(), settings.istioLabels());
    }

    /** What the labels of a selector are on these pods: {@code app: api, web}, or that none has them. */
    static String valuesOf(Selector selector, List<PodResource> pods) {
        List<String> found = new ArrayList<>();
        for (String key : new TreeMap<>(selector.labels()).keySet()) {
            TreeSet<String> values = new TreeSet<>();
            for (PodResource pod : pods) {
                String value = pod.meta().labels().get(key);
                if (value != null) {
                    values.add(value);
                }
            }
            found.add(values.isEmpty() ? "none has the label " + key : key + " is " + shortList(values));
        }
        return found.isEmpty() ? "" : " (" + String.join("; ", found) + ")";
    }

    private static String shortList(Set<String> values) {
        List<String> first = values.stream().limit(5).toList();
        return String.join(", ", first) + (values.size() > 5 ? ", ..." : "");
    }
}
