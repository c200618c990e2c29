package io.culvert.config;

import io.culvert.config.DestinationRuleResource.Subset;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What only shows when subsets are held against pods. Stateless; any thread. */
final class SubsetChecks {
    private SubsetChecks() {}

    /** Finds subsets that select none of the pods that their service has. */
    static void run(CompilerSettings settings, Map<ResourceKey, Resource> resources, List<Diagnostic> found) {
        for (Resource resource : resources.values()) {
            if (resource instanceof DestinationRuleResource rule
                    && !rule.subsets().isEmpty()) {
                String whole = Hosts.whole(rule.host(), rule.meta().namespace(), settings);
                ResourceKey key = Hosts.service(whole, settings);
                if (key != null && resources.get(key) instanceof ServiceResource service) {
                    check(rule, service, resources, found);
                }
            }
        }
    }

    private static void check(
            DestinationRuleResource rule,
            ServiceResource service,
            Map<ResourceKey, Resource> resources,
            List<Diagnostic> found) {
        Selector selector = service.selector();
        List<PodResource> pods = resources.values().stream()
                .filter(PodResource.class::isInstance)
                .map(PodResource.class::cast)
                .filter(pod -> selector != null
                        && pod.meta().namespace().equals(service.meta().namespace())
                        && selector.matches(pod.meta().labels()))
                .toList();
        for (Subset subset : rule.subsets()) {
            Selector own = Selector.ofLabels(subset.labels());
            if (!pods.isEmpty()
                    && pods.stream().noneMatch(pod -> own.matches(pod.meta().labels()))) {
                found.add(rule.meta()
                        .diagnostic(
                                Severity.WARNING,
                                subset.place().line(),
                                subset.place().path() + ".labels",
                                "select none of the " + pods.size() + " pods of " + service.key() + values(subset, pods)
                                        + ": requests to the subset are answered with 503"));
            }
        }
    }

    private static String values(Subset subset, List<PodResource> pods) {
        TreeSet<String> there = new TreeSet<>();
        for (PodResource pod : pods) {
            for (String label : subset.labels().keySet()) {
                String value = pod.meta().labels().get(label);
                there.add(value == null ? "no " + label : label + "=" + value);
            }
        }
        return there.isEmpty() ? "" : " (they have " + String.join(", ", there) + ")";
    }
}
