package io.culvert.config;

import io.culvert.core.route.RequestPolicy;
import io.culvert.proto.security.Match;
import java.util.List;

/**
 * An AuthorizationPolicy. Immutable.
 *
 * @param dryRun whether it is only counted
 * @param targeted whether it has targetRefs, and so is for waypoints
 * @param targets what it is for then
 * @param references namespaces and service accounts that it names
 */
record AuthorizationPolicyResource(
        Meta meta,
        Selector selector,
        Action action,
        boolean dryRun,
        boolean targeted,
        List<Target> targets,
        List<Rule> rules,
        List<Reference> references,
        boolean refused)
        implements PolicyResource {
    /** Named as they are written. */
    enum Action {
        ALLOW,
        DENY,
        AUDIT,
        CUSTOM
    }

    /** Matches when one of from, one of to and every one of when does; an empty list always does. */
    record Rule(List<Alternative> from, List<Alternative> to, List<Alternative> when) {
        /** Matches everything. */
        static final Rule ANY = new Rule(List.of(), List.of(), List.of());

        boolean needsHttp() {
            return from.stream().anyMatch(Alternative::needsHttp)
                    || to.stream().anyMatch(Alternative::needsHttp)
                    || when.stream().anyMatch(Alternative::needsHttp);
        }
    }

    /**
     * One source, operation or condition.
     *
     * @param match what a connection tells
     * @param http the fields that only a request tells
     * @param request all of it that a waypoint can tell
     * @param untold the fields that a waypoint cannot tell either
     */
    record Alternative(
            Match match, List<HttpField> http, List<RequestPolicy.Condition> request, List<HttpField> untold) {
        boolean needsHttp() {
            return !http.isEmpty();
        }
    }

    /** What a policy with targetRefs is for. */
    record Target(String group, String kind, String namespace, String name, Fields.Place place) {}

    /** Where a field stands that only a waypoint can enforce. */
    record HttpField(String path, int line) {}

    /**
     * A namespace, or a service account in it, that the policy names outright.
     *
     * @param trustDomain "" when any is meant
     * @param serviceAccount "" for the namespace alone
     */
    record Reference(String trustDomain, String namespace, String serviceAccount, String path, int line) {}
}
