package io.culvert.core.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An authorization of requests. Of all that are on a service: a DENY that matches denies; then, if there are ALLOWs, one
 * must match. Immutable.
 *
 * @param key {@code namespace/name}
 * @param rules one must match; none: it never matches
 */
public record RequestPolicy(String key, boolean deny, List<Rule> rules) {
    public RequestPolicy {
        rules = List.copyOf(rules);
    }

    /** Holds when one of each non-empty list holds. */
    public record Rule(List<List<Condition>> from, List<List<Condition>> to, List<List<Condition>> when) {
        public Rule {
            from = List.copyOf(from);
            to = List.copyOf(to);
            when = List.copyOf(when);
        }
    }

    /**
     * One of {@code values} must hold for what {@code attribute} says, and none of {@code notValues}. What is not there
     * fulfils no value, and offends against no notValue.
     *
     * @param name of a header field, for {@link Attribute#HEADER}
     */
    public record Condition(
            Attribute attribute, @Nullable String name, List<StringMatch> values, List<StringMatch> notValues) {}

    /** What conditions look at. Addresses are CIDRs, written as text in an Exact match. */
    public enum Attribute {
        SOURCE_PRINCIPAL,
        SOURCE_NAMESPACE,
        /** {@code namespace/name}. */
        SOURCE_SERVICE_ACCOUNT,
        SOURCE_TRUST_DOMAIN,
        SOURCE_IP,
        HOST,
        METHOD,
        PATH,
        HEADER,
        DESTINATION_IP,
        DESTINATION_PORT
    }
}
