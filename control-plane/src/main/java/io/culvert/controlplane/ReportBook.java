package io.culvert.controlplane;

import io.culvert.config.CompiledDelta;
import io.culvert.proto.node.PodReport;
import io.culvert.proto.node.ReportPodsRequest;
import io.culvert.proto.workload.Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What agents report of their pods. A report counts only while the pod runs on the node that reports it; one that comes
 * before the pod waits for it. Reports of an agent that went away stay: its pods are still captured. Any thread.
 */
final class ReportBook {
    /** More than a node can run: a bound against an agent gone wild. */
    static final int MAX_PER_NODE = 10_000;

    /** Node to uid to report. */
    private final Map<String, Map<String, PodReport>> reports = new TreeMap<>();
    /** Uid to the node that the pod runs on. */
    private final Map<String, String> nodeOf = new HashMap<>();
    /** What the compiler has been told. */
    private final Map<String, PodReport> fed = new HashMap<>();

    private final Set<String> dirty = new HashSet<>();

    /** Changes for the compiler. */
    record Changes(Map<String, PodReport> reports, Set<String> removed) {
        boolean isEmpty() {
            return reports.isEmpty() && removed.isEmpty();
        }
    }

    /**
     * Takes a request of a proved node.
     *
     * @return whether anything is new
     */
    synchronized boolean report(ReportPodsRequest request) {
        Map<String, PodReport> held = reports.computeIfAbsent(request.getNode(), n -> new TreeMap<>());
        boolean changed = false;
        Set<String> named = new HashSet<>();
        for (PodReport report : request.getPodsList()) {
            named.add(report.getUid());
            if (held.size() < MAX_PER_NODE || held.containsKey(report.getUid())) {
                changed |= !report.equals(held.put(report.getUid(), report));
                dirty.add(report.getUid());
            }
        }
        if (request.getSnapshot()) {
            for (String uid : Set.copyOf(held.keySet())) {
                if (!named.contains(uid)) {
                    held.remove(uid);
                    dirty.add(uid);
                    changed = true;
                }
            }
        }
        return changed;
    }

    /**
     * Learns from a compilation where pods run.
     *
     * @return whether that changes which reports count
     */
    synchronized boolean compiled(CompiledDelta delta) {
        delta.addresses().forEach((name, address) -> place(name, address));
        delta.removedAddresses().forEach(name -> place(name, null));
        return !dirty.isEmpty();
    }

    private void place(String uid, @Nullable Address address) {
        String node = address == null || !address.hasWorkload()
                ? ""
                : address.getWorkload().getNode();
        String before = node.isEmpty() ? nodeOf.remove(uid) : nodeOf.put(uid, node);
        if (!node.equals(before == null ? "" : before)) {
            dirty.add(uid);
        }
    }

    /** What counts now and the compiler does not know yet. */
    synchronized Changes drain() {
        Map<String, PodReport> changed = new TreeMap<>();
        Set<String> removed = new HashSet<>();
        for (String uid : dirty) {
            String node = nodeOf.get(uid);
            PodReport now =
                    node == null ? null : reports.getOrDefault(node, Map.of()).get(uid);
            PodReport before = now == null ? fed.remove(uid) : fed.put(uid, now);
            if (now == null && before != null) {
                removed.add(uid);
            } else if (now != null && !now.equals(before)) {
                changed.put(uid, now);
            }
        }
        dirty.clear();
        return new Changes(changed, removed);
    }

    /** Everything, as requests that would restore it. */
    synchronized List<ReportPodsRequest> all() {
        List<ReportPodsRequest> all = new ArrayList<>();
        reports.forEach((node, pods) -> all.add(ReportPodsRequest.newBuilder()
                .setNode(node)
                .setSnapshot(true)
                .addAllPods(pods.values())
                .build()));
        return all;
    }
}
