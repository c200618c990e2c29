package io.culvert.config;

import java.util.List;

/**
 * A TCPRoute or a TLSRoute. Immutable.
 *
 * @param hostnames server names of a TLSRoute, lower case, perhaps with {@code *.} in front
 */
record StreamRouteResource(Meta meta, List<ParentRef> parents, List<String> hostnames, List<Rule> rules)
        implements RouteResource {
    /**
     * One rule.
     *
     * @param name as written, else its place from 0
     */
    record Rule(String name, List<BackendRef> backends, Fields.Place place) {}
}
