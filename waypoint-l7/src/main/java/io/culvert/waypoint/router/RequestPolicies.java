package io.culvert.waypoint.router;

import io.culvert.core.mesh.Cidr;
import io.culvert.core.mesh.Ip;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.RequestPolicy.Attribute;
import io.culvert.core.route.RequestPolicy.Condition;
import io.culvert.core.route.StringMatch;
import io.culvert.waypoint.Client;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Decides whether a request is allowed: a DENY that matches denies; then, if there are ALLOWs, one must match. Any thread. */
final class RequestPolicies {
    private static final int MAX_RANGES = 10_000;
    private static final String SCHEME = "spiffe://";

    private final ConcurrentHashMap<String, Cidr> ranges = new ConcurrentHashMap<>();

    /** Null when the request is allowed, else why it is not, for the log. */
    @Nullable
    String refusal(List<RequestPolicy> policies, RouteRequest request, Client client) {
        boolean allowRequired = false;
        boolean allowed = false;
        for (RequestPolicy policy : policies) {
            if (policy.deny()) {
                if (matches(policy, request, client)) {
                    return "rbac_access_denied_matched_policy[" + policy.key() + "]";
                }
            } else {
                allowRequired = true;
                allowed = allowed || matches(policy, request, client);
            }
        }
        return allowRequired && !allowed ? "rbac_access_denied_matched_policy[none]" : null;
    }

    private boolean matches(RequestPolicy policy, RouteRequest request, Client client) {
        for (RequestPolicy.Rule rule : policy.rules()) {
            if (oneHolds(rule.from(), request, client)
                    && oneHolds(rule.to(), request, client)
                    && oneHolds(rule.when(), request, client)) {
                return true;
            }
        }
        return false;
    }

    private boolean oneHolds(List<List<Condition>> alternatives, RouteRequest request, Client client) {
        for (List<Condition> all : alternatives) {
            if (allHold(all, request, client)) {
                return true;
            }
        }
        return alternatives.isEmpty();
    }

    private boolean allHold(List<Condition> conditions, RouteRequest request, Client client) {
        for (Condition condition : conditions) {
            if (!holds(condition, request, client)) {
                return false;
            }
        }
        return true;
    }

    private boolean holds(Condition condition, RouteRequest request, Client client) {
        return switch (condition.attribute()) {
            case SOURCE_IP -> holds(condition, client.address());
            case DESTINATION_IP -> holds(condition, client.destination());
            default -> holds(condition, value(condition, request, client));
        };
    }

    private static boolean holds(Condition condition, @Nullable String value) {
        if (value == null) {
            return condition.values().isEmpty();
        }
        return (condition.values().isEmpty() || any(condition.values(), value)) && !any(condition.notValues(), value);
    }

    private static boolean any(List<StringMatch> matches, String value) {
        for (StringMatch match : matches) {
            if (match.matches(value)) {
                return true;
            }
        }
        return false;
    }

    private boolean holds(Condition condition, InetSocketAddress address) {
        if (address.getAddress() == null) {
            return condition.values().isEmpty();
        }
        Ip ip = Ip.of(address.getAddress());
        return (condition.values().isEmpty() || anyRange(condition.values(), ip))
                && !anyRange(condition.notValues(), ip);
    }

    private boolean anyRange(List<StringMatch> matches, Ip ip) {
        for (StringMatch match : matches) {
            boolean holds = match instanceof StringMatch.Exact range
                    ? range(range.text()).contains(ip)
                    : match.matches(ip.toString());
            if (holds) {
                return true;
            }
        }
        return false;
    }

    private Cidr range(String text) {
        Cidr known = ranges.get(text);
        if (known != null) {
            return known;
        }
        if (ranges.size() >= MAX_RANGES) {
            ranges.clear();
        }
        return ranges.computeIfAbsent(text, Cidr::parse);
    }

    private static @Nullable String value(Condition condition, RouteRequest request, Client client) {
        Attribute attribute = condition.attribute();
        return switch (attribute) {
            case SOURCE_PRINCIPAL -> client.identity().toString().substring(SCHEME.length());
            case SOURCE_NAMESPACE -> client.identity().namespace();
            case SOURCE_SERVICE_ACCOUNT ->
                client.identity().serviceAccount() == null
                        ? null
                        : client.namespace() + "/" + client.identity().serviceAccount();
            case SOURCE_TRUST_DOMAIN -> client.identity().trustDomain().name();
            case HOST -> request.authority();
            case METHOD -> request.method();
            case PATH -> request.path();
            case HEADER -> condition.name() == null ? null : request.header(condition.name());
            case DESTINATION_PORT -> Integer.toString(client.servicePort());
            case SOURCE_IP, DESTINATION_IP -> throw new IllegalArgumentException(attribute + " is no text");
        };
    }
}
