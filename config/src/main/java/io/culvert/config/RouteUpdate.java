package io.culvert.config;

import io.culvert.core.route.RouteTable;
import java.util.List;
import java.util.Map;

/**
 * What one {@link RouteCompiler#apply} led to. Immutable.
 *
 * @param table the routes that now count; what did not change is the same object as before, also the table itself
 * @param diagnostics all that now stand, sorted, not only the new ones; the same list object while nothing changed
 * @param statuses what to tell the authors of routes and policies, by {@code Kind namespace/name}
 */
public record RouteUpdate(RouteTable table, List<Diagnostic> diagnostics, Map<String, RouteStatus> statuses) {}
