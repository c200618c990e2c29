package io.culvert.lab;

import java.util.List;

/** Which pods belong to what people name: the pod itself, or the Deployment that it was made from. */
final class PodNames {
    private PodNames() {}

    /** Whether {@code name} ({@code deployment} or {@code deployment.namespace}) is the Deployment of {@code pod}. */
    static boolean belongsTo(LabPod pod, String name) {
        String deployment = deployment(pod);
        return !deployment.isEmpty() && (name.equals(deployment) || name.equals(deployment + "." + pod.namespace()));
    }

    /** Whether {@code owner}, a Pod or Deployment, is where {@code pod} comes from. */
    static boolean comesFrom(LabPod pod, Resource.Key owner) {
        if (!pod.namespace().equals(owner.namespace())) {
            return false;
        }
        return switch (owner.kind()) {
            case "Pod" -> pod.name().equals(owner.name());
            case "Deployment" -> deployment(pod).equals(owner.name());
            default -> false;
        };
    }

    /** The Deployment behind the pod's ReplicaSet, or "" for a pod on its own. */
    static String deployment(LabPod pod) {
        String hash = pod.resource().labels().get("pod-template-hash");
        for (Tree owner : pod.resource().tree().list("metadata", "ownerReferences")) {
            String replicaSet = owner.string(List.of("name"), "");
            if (hash != null && replicaSet.endsWith("-" + hash)) {
                return replicaSet.substring(0, replicaSet.length() - hash.length() - 1);
            }
        }
        return "";
    }
}
