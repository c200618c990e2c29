package io.culvert.core.route;

/** Where a share of requests goes. Immutable. */
public sealed interface Backend {
    /** A cluster of the table, by {@link Cluster#key()}. */
    record ToCluster(String key) implements Backend {}

    /**
     * A reference that leads nowhere: its share is refused.
     *
     * @param status 500 for Gateway API, 503 (flag NC) for an Istio subset or host that is missing
     * @param reason names the reference and what is wrong with it
     */
    record Invalid(int status, String reason) implements Backend {}
}
