package io.culvert.config;

import io.culvert.config.VirtualServiceResource.Retrying;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads {@code retries} of VirtualServices, and Envoy's words for what is retried. Stateless; any thread. */
final class RetryReader {
    private static final String CODES = "retriable-status-codes";
    private static final Map<String, Condition> CONDITIONS = new TreeMap<>(Map.ofEntries(
            Map.entry("5xx", Condition.SERVER_ERROR),
            Map.entry("gateway-error", Condition.GATEWAY_ERROR),
            Map.entry("reset", Condition.RESET),
            Map.entry("reset-before-request", Condition.RESET_BEFORE_REQUEST),
            Map.entry("connect-failure", Condition.CONNECT_FAILURE),
            Map.entry("envoy-ratelimited", Condition.RATE_LIMITED),
            Map.entry("retriable-4xx", Condition.RETRIABLE_4XX),
            Map.entry("refused-stream", Condition.REFUSED_STREAM),
            Map.entry("retriable-headers", Condition.RETRIABLE_HEADERS),
            Map.entry("cancelled", Condition.CANCELLED),
            Map.entry("deadline-exceeded", Condition.DEADLINE_EXCEEDED),
            Map.entry("internal", Condition.INTERNAL),
            Map.entry("resource-exhausted", Condition.RESOURCE_EXHAUSTED),
            Map.entry("unavailable", Condition.UNAVAILABLE)));
    private static final Set<String> WITHOUT_EFFECT = Set.of(CODES, "http3-post-connect-failure");

    private RetryReader() {}

    /** What is retried, by condition and by status. */
    record On(Set<Condition> conditions, Set<Integer> codes) {}

    /** The retries; null when nothing is said of them. */
    static @Nullable Retrying read(Fields rule) {
        Fields fields = rule.object("retries");
        if (fields == null) {
            return null;
        }
        Integer attempts = fields.number("attempts", 0, Integer.MAX_VALUE);
        Duration perTry = IstioFields.durationOrZero(fields, "perTryTimeout");
        On on = on(fields);
        Duration backoff = IstioFields.duration(fields, "backoff");
        Boolean avoid = fields.flagIfGiven("retryIgnorePreviousHosts");
        if (Boolean.TRUE.equals(fields.flagIfGiven("retryRemoteLocalities"))) {
            fields.warning(
                    "retryRemoteLocalities",
                    "is not executed: a retry goes where the load balancer would send a new request");
        }
        fields.finish();
        int retries = attempts == null ? RetryPolicy.DEFAULT.retries() : attempts;
        if (retries == 0) {
            if (fields.names().size() > 1) {
                fields.warning("attempts", "is 0, so there are no retries and the other fields say nothing");
            }
            return new Retrying(RetryPolicy.NONE, null, true);
        }
        Duration base = backoff == null ? RetryPolicy.DEFAULT.backoffBase() : backoff;
        return new Retrying(
                new RetryPolicy(
                        retries,
                        on.conditions(),
                        on.codes(),
                        base,
                        base.multipliedBy(10),
                        !Boolean.FALSE.equals(avoid)),
                perTry == null || perTry.isZero() ? null : perTry,
                avoid != null);
    }

    private static On on(Fields fields) {
        String text = fields.text("retryOn", "");
        if (text.isBlank()) {
            return new On(RetryPolicy.DEFAULT.on(), Set.of());
        }
        List<String> unknown = new ArrayList<>();
        On on = parse(text, unknown);
        for (String word : unknown) {
            Set<String> words = new TreeSet<>(CONDITIONS.keySet());
            words.addAll(WITHOUT_EFFECT);
            fields.error(
                    "retryOn",
                    "\"" + word + "\" is neither a condition nor a status from 100 to 599"
                            + Suggestion.of(word, words));
        }
        if (text.contains("retriable-headers")) {
            fields.warning(
                    "retryOn",
                    "retriable-headers retries nothing: which headers they are can only be said by requests, and a"
                            + " waypoint does not take such orders");
        }
        if (text.contains("http3-post-connect-failure")) {
            fields.warning("retryOn", "http3-post-connect-failure retries nothing: apps are not reached by HTTP/3");
        }
        if (text.contains(CODES) && on.codes().isEmpty()) {
            fields.info("retryOn", CODES + " retries nothing by itself: add statuses, as \"" + CODES + ",503\"");
        }
        return on;
    }

    /**
     * Reads a list of conditions and statuses.
     *
     * @param unknown takes the words that are neither
     */
    static On parse(String text, List<String> unknown) {
        Set<Condition> conditions = EnumSet.noneOf(Condition.class);
        Set<Integer> codes = new TreeSet<>();
        for (String word : Annotations.elements(text)) {
            Condition condition = CONDITIONS.get(word.toLowerCase(Locale.ROOT));
            if (condition != null) {
                conditions.add(condition);
            } else if (word.matches("[1-5][0-9][0-9]")) {
                codes.add(Integer.parseInt(word));
            } else if (!WITHOUT_EFFECT.contains(word.toLowerCase(Locale.ROOT))) {
                unknown.add(word);
            }
        }
        return new On(conditions, codes);
    }
}
