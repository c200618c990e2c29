package io.culvert.core.route;

/**
 * A backend and its share. Immutable.
 *
 * @param weight relative to the other backends' sum; 0 gets nothing
 */
public record WeightedBackend(
        Backend backend, int weight, HeaderChanges requestHeaders, HeaderChanges responseHeaders) {
    /** A backend that gets everything. */
    public static WeightedBackend all(Backend backend) {
        return new WeightedBackend(backend, 1, HeaderChanges.NONE, HeaderChanges.NONE);
    }
}
