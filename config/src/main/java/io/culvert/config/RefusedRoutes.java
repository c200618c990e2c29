package io.culvert.config;

import io.culvert.config.RouteStatus.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The statuses of resources that are refused, whose last good version may still count. Stateless. */
final class RefusedRoutes {
    private static final String ACCEPTED = "Accepted";

    private RefusedRoutes() {}

    /** The statuses of the graph, with those of refused resources in place of what was compiled last. */
    static Map<String, RouteStatus> overlay(ResourceStore store, RouteGraph graph, List<Diagnostic> diagnostics) {
        Map<String, RouteStatus> compiled = graph.statuses();
        Map<String, RouteStatus> all = null;
        for (ResourceKey key : store.refused()) {
            if (graph.concerns(key.kind())) {
                all = all == null ? new TreeMap<>(compiled) : all;
                String name = key.toString();
                all.put(name, refused(name, compiled.get(name), message(name, diagnostics)));
            }
        }
        return all == null ? compiled : Map.copyOf(all);
    }

    private static String message(String resource, List<Diagnostic> diagnostics) {
        for (Diagnostic diagnostic : diagnostics) {
            if (diagnostic.severity() == Severity.ERROR
                    && diagnostic.resource().equals(resource)
                    && !diagnostic.path().isEmpty()) {
                return diagnostic.path() + ": " + diagnostic.message();
            }
        }
        return "it cannot be read";
    }

    private static RouteStatus refused(String resource, @Nullable RouteStatus last, String message) {
        Condition refused = new Condition(ACCEPTED, false, "UnsupportedValue", message);
        if (last == null || last.parents().isEmpty()) {
            return new RouteStatus(resource, List.of(refused), List.of());
        }
        List<RouteStatus.Parent> parents = new ArrayList<>();
        for (RouteStatus.Parent parent : last.parents()) {
            List<Condition> conditions = new ArrayList<>();
            parent.conditions().forEach(each -> conditions.add(each.type().equals(ACCEPTED) ? refused : each));
            parents.add(new RouteStatus.Parent(parent.parent(), conditions));
        }
        return new RouteStatus(resource, List.of(), parents);
    }
}
