package io.culvert.config;

import java.util.List;
import java.util.Map;

/**
 * A DestinationRule. Immutable.
 *
 * @param host as written, in lower case
 * @param forProxies whether a workloadSelector gives it to certain sidecars only
 */
record DestinationRuleResource(
        Meta meta, String host, TrafficPolicy policy, List<Subset> subsets, List<String> exportTo, boolean forProxies)
        implements RouteResource {
    /** A part of the service's endpoints: those that bear all labels. */
    record Subset(String name, Map<String, String> labels, TrafficPolicy policy, Fields.Place place) {}
}
