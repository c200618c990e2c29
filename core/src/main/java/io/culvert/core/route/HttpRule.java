package io.culvert.core.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is done with the requests that one rule matches. Immutable.
 *
 * @param name as logs and metrics show it: {@code kind/namespace/name/rule}
 * @param action where the request ends up
 * @param requestHeaders changes before the request is sent on, in order; those of the chosen backend follow
 * @param responseHeaders changes before a response is sent back, those of the chosen backend before
 * @param rewrite null: authority and path stay
 * @param mirrors copies that nobody waits for
 * @param fault null: none
 * @param cors null: none
 * @param retry {@link RetryPolicy#NONE} for none
 */
public record HttpRule(
        String name,
        HttpAction action,
        HeaderChanges requestHeaders,
        HeaderChanges responseHeaders,
        @Nullable Rewrite rewrite,
        List<Mirror> mirrors,
        @Nullable Fault fault,
        @Nullable Cors cors,
        Timeouts timeouts,
        RetryPolicy retry) {
    public HttpRule {
        mirrors = List.copyOf(mirrors);
    }

    /** A rule that only forwards, with defaults for the rest. */
    public static HttpRule forward(String name, List<WeightedBackend> backends) {
        return new HttpRule(
                name,
                new HttpAction.Forward(backends),
                HeaderChanges.NONE,
                HeaderChanges.NONE,
                null,
                List.of(),
                null,
                null,
                Timeouts.NONE,
                RetryPolicy.DEFAULT);
    }
}
