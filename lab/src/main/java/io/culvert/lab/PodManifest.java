package io.culvert.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a pod as the API server would show it, with what scheduler and kubelet added. */
final class PodManifest {
    private PodManifest() {}

    static Resource of(LabPod pod) {
        Map<String, Object> tree = Yaml.copy(pod.resource().tree().map());
        Map<String, Object> metadata = Yaml.child(tree, "metadata");
        metadata.put("namespace", pod.namespace());
        metadata.put("uid", pod.uid());
        metadata.put("creationTimestamp", pod.created().toString());
        if (pod.phase() == LabPod.Phase.TERMINATING) {
            metadata.put("deletionTimestamp", pod.created().toString());
        }
        Map<String, Object> spec = Yaml.child(tree, "spec");
        spec.put("nodeName", pod.node().name());
        spec.putIfAbsent("serviceAccountName", "default");
        tree.put("status", status(pod));
        return pod.resource().with(tree);
    }

    private static Map<String, Object> status(LabPod pod) {
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("phase", phase(pod.phase()));
        status.put("hostIP", pod.node().addresses().v4());
        status.put(
                "hostIPs",
                List.of(
                        Map.of("ip", pod.node().addresses().v4()),
                        Map.of("ip", pod.node().addresses().v6())));
        if (pod.attached()) {
            status.put("podIP", pod.ips().getFirst());
            status.put("podIPs", pod.ips().stream().map(ip -> Map.of("ip", ip)).toList());
        }
        List<Object> conditions = new ArrayList<>();
        conditions.add(condition("PodScheduled", true));
        conditions.add(condition("Initialized", true));
        conditions.add(condition("ContainersReady", pod.ready()));
        conditions.add(condition("Ready", pod.ready()));
        status.put("conditions", conditions);
        return status;
    }

    private static Map<String, Object> condition(String type, boolean holds) {
        Map<String, Object> condition = new LinkedHashMap<>();
        condition.put("type", type);
        condition.put("status", holds ? "True" : "False");
        return condition;
    }

    private static String phase(LabPod.Phase phase) {
        return switch (phase) {
            case PENDING -> "Pending";
            case RUNNING, TERMINATING -> "Running";
            case SUCCEEDED -> "Succeeded";
            case FAILED -> "Failed";
        };
    }
}
