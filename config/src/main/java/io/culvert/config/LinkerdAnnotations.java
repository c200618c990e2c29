package io.culvert.config;

import io.culvert.core.route.ClusterPolicy;
import io.culvert.core.route.ClusterPolicy.OutlierDetection;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.RetryPolicy.Condition;
import io.culvert.core.route.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Linkerd's annotations of Services and routes: retries, timeouts, and when an endpoint is left out. A fault in a value
 * leaves out that annotation alone. Immutable.
 */
record LinkerdAnnotations(
        @Nullable RetryPolicy retry,
        Timeouts timeouts,
        @Nullable OutlierDetection outliers) {
    private static final String RETRY = "retry.linkerd.io/";
    private static final String TIMEOUT = "timeout.linkerd.io/";
    private static final String ACCRUAL = "balancer.linkerd.io/failure-accrual";
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");
    private static final Pattern STATUSES = Pattern.compile("([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?");
    private static final Set<Condition> GRPC = Set.of(
            Condition.CANCELLED,
            Condition.DEADLINE_EXCEEDED,
            Condition.INTERNAL,
            Condition.RESOURCE_EXHAUSTED,
            Condition.UNAVAILABLE);

    /** Reads the annotations of a resource. */
    static LinkerdAnnotations of(Meta meta, Consumer<Diagnostic> found) {
        Reading reading = new Reading(meta, found);
        return new LinkerdAnnotations(reading.retry(), reading.timeouts(), reading.outliers());
    }

    /** Whether nothing is said of requests. */
    boolean isEmpty() {
        return retry == null && timeouts.equals(Timeouts.NONE);
    }

    /** Retries of a rule, unless it says its own. */
    RetryPolicy retry(RetryPolicy own) {
        return retry == null || !own.equals(RetryPolicy.DEFAULT) ? own : retry;
    }

    /** Timeouts of a rule; what it says itself counts. */
    Timeouts timeouts(Timeouts own) {
        return new Timeouts(
                own.request().isZero() ? timeouts.request() : own.request(),
                own.perTry().isZero() ? timeouts.perTry() : own.perTry(),
                own.idle().isZero() ? timeouts.idle() : own.idle());
    }

    /** Gives a rule of a route what it does not say itself. */
    HttpRule over(HttpRule rule) {
        return isEmpty()
                ? rule
                : new HttpRule(
                        rule.name(),
                        rule.action(),
                        rule.requestHeaders(),
                        rule.responseHeaders(),
                        rule.rewrite(),
                        rule.mirrors(),
                        rule.fault(),
                        rule.cors(),
                        timeouts(rule.timeouts()),
                        retry(rule.retry()));
    }

    /** Lays what is said of endpoints over a policy. */
    ClusterPolicy over(ClusterPolicy policy) {
        return outliers == null
                ? policy
                : new ClusterPolicy(
                        policy.loadBalancer(), policy.limits(), outliers, policy.affinity(), policy.retryBudget());
    }

    /** One reading. */
    private record Reading(Meta meta, Consumer<Diagnostic> found) {
        private @Nullable String text(String name) {
            return meta.annotations().get(name);
        }

        private void error(String name, String message) {
            report(Severity.ERROR, name, message + ": left out");
        }

        private void report(Severity severity, String name, String message) {
            found.accept(meta.diagnostic(severity, "metadata.annotations[" + name + "]", message));
        }

        private @Nullable Duration duration(String name) {
            String text = text(name);
            if (text == null) {
                return null;
            }
            Matcher matcher = DURATION.matcher(text);
            if (!matcher.matches()) {
                error(name, "\"" + text + "\" is no duration: use a number with ms, s, m, h or d");
                return null;
            }
            long number = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
            };
        }

        private int number(String name, int absent) {
            String text = text(name);
            if (text == null) {
                return absent;
            }
            if (!text.matches("[0-9]{1,6}")) {
                error(name, "\"" + text + "\" is no number from 0 to 999999");
                return absent;
            }
            return Integer.parseInt(text);
        }

        private Timeouts timeouts() {
            Duration request = duration(TIMEOUT + "request");
            // A waypoint counts from the request's end to the response's end, as Linkerd counts a response's time.
            Duration response = duration(TIMEOUT + "response");
            Duration shorter =
                    request == null || (response != null && response.compareTo(request) < 0) ? response : request;
            return new Timeouts(
                    Objects.requireNonNullElse(shorter, Duration.ZERO),
                    Objects.requireNonNullElse(duration(RETRY + "timeout"), Duration.ZERO),
                    Objects.requireNonNullElse(duration(TIMEOUT + "idle"), Duration.ZERO));
        }

        private @Nullable RetryPolicy retry() {
            String http = text(RETRY + "http");
            String grpc = text(RETRY + "grpc");
            if (http == null && grpc == null) {
                for (String name : List.of("limit", "timeout")) {
                    if (text(RETRY + name) != null) {
                        report(
                                Severity.WARNING,
                                RETRY + name,
                                "says nothing without " + RETRY + "http or " + RETRY + "grpc");
                    }
                }
                return null;
            }
            int limit = number(RETRY + "limit", 1);
            if (limit == 0) {
                return RetryPolicy.NONE;
            }
            Set<Condition> on = new HashSet<>(RetryPolicy.DEFAULT.on());
            if (grpc != null) {
                on.addAll(conditions(grpc));
            }
            return new RetryPolicy(
                    limit,
                    on,
                    http == null ? Set.of() : statuses(http),
                    RetryPolicy.DEFAULT.backoffBase(),
                    RetryPolicy.DEFAULT.backoffMax(),
                    true);
        }

        private Set<Condition> conditions(String grpc) {
            List<String> unknown = new ArrayList<>();
            Set<Condition> conditions =
                    new HashSet<>(RetryReader.parse(grpc, unknown).conditions());
            if (!unknown.isEmpty() || !GRPC.containsAll(conditions)) {
                error(
                        RETRY + "grpc",
                        "\"" + grpc + "\" has words other than cancelled, deadline-exceeded, internal,"
                                + " resource-exhausted and unavailable");
                return Set.of();
            }
            return conditions;
        }

        private Set<Integer> statuses(String http) {
            Set<Integer> codes = new TreeSet<>();
            for (String word : Annotations.elements(http)) {
                Matcher matcher = STATUSES.matcher(
                        word.equals("5xx") ? "500-599" : word.equals("gateway-error") ? "502-504" : word);
                if (!matcher.matches()) {
                    error(RETRY + "http", "\"" + word + "\" is neither 5xx nor gateway-error nor statuses, as 500-504");
                    return Set.of();
                }
                int last = Integer.parseInt(matcher.group(2) == null ? matcher.group(1) : matcher.group(2));
                for (int code = Integer.parseInt(matcher.group(1)); code <= last; code++) {
                    codes.add(code);
                }
            }
            return codes;
        }

        private @Nullable OutlierDetection outliers() {
            String mode = text(ACCRUAL);
            if (mode == null) {
                return null;
            }
            if (!mode.equals("consecutive")) {
                error(ACCRUAL, "\"" + mode + "\" is not supported: use consecutive");
                return null;
            }
            for (String name : Map.of("max-penalty", "", "jitter-ratio", "").keySet()) {
                if (text(ACCRUAL + "-consecutive-" + name) != null) {
                    report(
                            Severity.WARNING,
                            ACCRUAL + "-consecutive-" + name,
                            "is not executed: a time out of use is the minimum times the number of times, at most five"
                                    + " minutes");
                }
            }
            Duration penalty = duration(ACCRUAL + "-consecutive-min-penalty");
            return new OutlierDetection(
                    number(ACCRUAL + "-consecutive-max-failures", 7),
                    0,
                    0,
                    false,
                    Duration.ofSeconds(1),
                    penalty == null || penalty.isZero() ? Duration.ofSeconds(1) : penalty,
                    100,
                    0);
        }
    }
}
