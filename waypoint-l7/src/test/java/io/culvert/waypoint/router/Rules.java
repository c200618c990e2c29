package io.culvert.waypoint.router;

import io.culvert.core.route.Backend;
import io.culvert.core.route.Cors;
import io.culvert.core.route.Fault;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.Mirror;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.Timeouts;
import io.culvert.core.route.WeightedBackend;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Builds rules for tests: forwards to the whole service, once, unless told otherwise. */
final class Rules {
    private HttpAction action = new HttpAction.Forward(List.of(WeightedBackend.all(RouterFixture.cluster(""))));
    private HeaderChanges request = HeaderChanges.NONE;
    private HeaderChanges response = HeaderChanges.NONE;
    private @Nullable Rewrite rewrite;
    private List<Mirror> mirrors = List.of();
    private @Nullable Fault fault;
    private @Nullable Cors cors;
    private Timeouts timeouts = Timeouts.NONE;
    private RetryPolicy retry = RetryPolicy.NONE;

    Rules action(HttpAction value) {
        action = value;
        return this;
    }

    Rules to(WeightedBackend... backends) {
        return action(new HttpAction.Forward(List.of(backends)));
    }

    Rules to(Backend backend) {
        return to(WeightedBackend.all(backend));
    }

    Rules request(HeaderChanges value) {
        request = value;
        return this;
    }

    Rules response(HeaderChanges value) {
        response = value;
        return this;
    }

    Rules rewrite(Rewrite value) {
        rewrite = value;
        return this;
    }

    Rules mirrors(Mirror... value) {
        mirrors = List.of(value);
        return this;
    }

    Rules fault(Fault value) {
        fault = value;
        return this;
    }

    Rules cors(Cors value) {
        cors = value;
        return this;
    }

    /** Milliseconds; 0: none. */
    Rules timeouts(long request, long perTry, long idle) {
        timeouts = new Timeouts(Duration.ofMillis(request), Duration.ofMillis(perTry), Duration.ofMillis(idle));
        return this;
    }

    Rules retry(RetryPolicy value) {
        retry = value;
        return this;
    }

    /** Retries at once, without a wait. */
    Rules retry(int retries, RetryPolicy.Condition... on) {
        return retry(new RetryPolicy(retries, Set.of(on), Set.of(), Duration.ZERO, Duration.ZERO, true));
    }

    Rules retryCodes(int retries, Integer... codes) {
        return retry(new RetryPolicy(retries, Set.of(), Set.of(codes), Duration.ZERO, Duration.ZERO, true));
    }

    HttpRule build() {
        return new HttpRule(
                "HTTPRoute/shop/web/0", action, request, response, rewrite, mirrors, fault, cors, timeouts, retry);
    }
}
