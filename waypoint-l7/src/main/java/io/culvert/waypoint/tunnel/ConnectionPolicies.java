package io.culvert.waypoint.tunnel;

import io.culvert.core.mesh.Cidr;
import io.culvert.core.mesh.Ip;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.StringMatch;
import io.culvert.waypoint.Client;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds a connection that is no HTTP against the policies of its service. What they say about requests cannot be seen in
 * it: as Istio has it, an ALLOW that asks for it does not match, and a DENY is taken without it, so that neither opens
 * what HTTP would have closed. Any thread.
 */
final class ConnectionPolicies {
    private ConnectionPolicies() {}

    /** Key of the policy that denies; "" when none of the ALLOWs matches; null when the connection is allowed. */
    static @Nullable String denies(List<RequestPolicy> policies, Client client) {
        boolean allows = false;
        boolean allowed = false;
        for (int i = 0; i < policies.size(); i++) {
            RequestPolicy policy = policies.get(i);
            if (policy.deny()) {
                if (matches(policy, client)) {
                    return policy.key();
                }
            } else {
                allows = true;
                allowed = allowed || matches(policy, client);
            }
        }
        return allows && !allowed ? "" : null;
    }

    private static boolean matches(RequestPolicy policy, Client client) {
        for (RequestPolicy.Rule rule : policy.rules()) {
            if (oneHolds(rule.from(), policy.deny(), client)
                    && oneHolds(rule.to(), policy.deny(), client)
                    && oneHolds(rule.when(), policy.deny(), client)) {
                return true;
            }
        }
        return false;
    }

    private static boolean oneHolds(List<List<RequestPolicy.Condition>> lists, boolean deny, Client client) {
        if (lists.isEmpty()) {
            return true;
        }
        for (List<RequestPolicy.Condition> all : lists) {
            if (allHold(all, deny, client)) {
                return true;
            }
        }
        return false;
    }

    private static boolean allHold(List<RequestPolicy.Condition> conditions, boolean deny, Client client) {
        for (RequestPolicy.Condition condition : conditions) {
            if (!holds(condition, deny, client)) {
                return false;
            }
        }
        return true;
    }

    private static boolean holds(RequestPolicy.Condition condition, boolean deny, Client client) {
        return switch (condition.attribute()) {
            case HOST, METHOD, PATH, HEADER -> deny;
            case SOURCE_PRINCIPAL -> text(condition, principal(client));
            case SOURCE_NAMESPACE -> text(condition, client.identity().namespace());
            case SOURCE_SERVICE_ACCOUNT -> text(condition, serviceAccount(client));
            case SOURCE_TRUST_DOMAIN ->
                text(condition, client.identity().trustDomain().toString());
            case SOURCE_IP -> address(condition, client.address());
            case DESTINATION_IP -> address(condition, client.destination());
            case DESTINATION_PORT -> text(condition, Integer.toString(client.servicePort()));
        };
    }

    /** Istio writes principals without their scheme. */
    private static String principal(Client client) {
        return client.identity().toString().substring("spiffe://".length());
    }

    private static @Nullable String serviceAccount(Client client) {
        String namespace = client.identity().namespace();
        return namespace == null ? null : namespace + "/" + client.identity().serviceAccount();
    }

    private static boolean text(RequestPolicy.Condition condition, @Nullable String value) {
        boolean wanted = condition.values().isEmpty();
        boolean unwanted = false;
        if (value != null) {
            for (StringMatch match : condition.values()) {
                wanted |= match.matches(value);
            }
            for (StringMatch match : condition.notValues()) {
                unwanted |= match.matches(value);
            }
        }
        return wanted && !unwanted;
    }

    private static boolean address(RequestPolicy.Condition condition, InetSocketAddress value) {
        if (value.isUnresolved()) {
            return condition.values().isEmpty();
        }
        Ip ip = Ip.of(value.getAddress());
        return (condition.values().isEmpty() || anyContains(condition.values(), ip))
                && !anyContains(condition.notValues(), ip);
    }

    private static boolean anyContains(List<StringMatch> ranges, Ip ip) {
        for (StringMatch range : ranges) {
            if (range instanceof StringMatch.Exact(String text, boolean _)
                    && Cidr.parse(text).contains(ip)) {
                return true;
            }
        }
        return false;
    }
}
