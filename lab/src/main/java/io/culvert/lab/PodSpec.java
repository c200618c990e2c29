package io.culvert.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A pod to run, from a Pod or from the template of a Deployment. Immutable. */
record PodSpec(Resource resource, List<ContainerSpec> containers, boolean restart, Duration grace) {
    static PodSpec of(Resource pod) {
        Tree spec = pod.tree().at("spec");
        if (spec.list("containers").isEmpty()) {
            throw new LabException(pod.key() + ": spec.containers is missing");
        }
        return new PodSpec(
                pod,
                spec.list("containers").stream()
                        .map(container -> ContainerSpec.of(container, spec.at("securityContext")))
                        .toList(),
                spec.string(List.of("restartPolicy"), "Always").equals("Always"),
                Duration.ofSeconds(spec.integer("terminationGracePeriodSeconds", 10)));
    }

    /** The pods that a Deployment wants, named and owned as its ReplicaSet would have them. */
    static List<PodSpec> ofDeployment(Resource deployment) {
        Tree spec = deployment.tree().at("spec");
        Tree template = spec.at("template");
        String hash = suffix(template.map().hashCode(), 9);
        String replicaSet = deployment.key().name() + "-" + hash;
        List<PodSpec> pods = new ArrayList<>();
        for (int i = 0; i < spec.integer("replicas", 1); i++) {
            Map<String, Object> pod = new LinkedHashMap<>();
            pod.put("apiVersion", "v1");
            pod.put("kind", "Pod");
            Map<String, Object> metadata = Yaml.copy(template.at("metadata").map());
            metadata.put("name", replicaSet + "-" + suffix((replicaSet + i).hashCode(), 5));
            metadata.put("namespace", deployment.key().namespace());
            Yaml.child(metadata, "labels").put("pod-template-hash", hash);
            metadata.put(
                    "ownerReferences",
                    List.of(Map.of(
                            "apiVersion", "apps/v1", "kind", "ReplicaSet", "name", replicaSet, "controller", true)));
            pod.put("metadata", metadata);
            pod.put("spec", Yaml.copy(template.at("spec").map()));
            pods.add(of(Resource.of(pod, "")));
        }
        return pods;
    }

    String namespace() {
        return resource.key().namespace();
    }

    String name() {
        return resource.key().name();
    }

    /** The node that it must run on, or null when any will do. */
    @Nullable
    String node() {
        return resource.tree().string("spec", "nodeName");
    }

    /** The number behind a target port of a Service: a number, or the name of a port of one of its containers. */
    @Nullable
    Integer port(String target) {
        if (target.matches("\\d+")) {
            return Integer.valueOf(target);
        }
        return containers.stream()
                .map(container -> container.ports().get(target))
                .filter(port -> port != null)
                .findFirst()
                .orElse(null);
    }

    private static String suffix(int hash, int length) {
        // Spread the bits, so that neighbours look different; digits of base 36 are what DNS names may hold.
        long spread = Integer.toUnsignedLong(hash) * 0x9E3779B97F4A7C15L;
        String digits = Long.toUnsignedString(spread, 36).toLowerCase(Locale.ROOT);
        return "0".repeat(Math.max(0, length - digits.length()))
                + digits.substring(Math.max(0, digits.length() - length));
    }
}
