package io.culvert.core.route;

import io.culvert.core.mesh.Cidr;
import io.culvert.core.mesh.Ip;
import io.culvert.core.route.RequestPolicy.Attribute;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One policy as {@link Authorization} asks it. Immutable. */
record CompiledPolicy(String key, boolean deny, Rule[] rules) {
    /** Alternatives of conditions that must all hold. */
    private record Rule(Check[][] from, Check[][] to, Check[][] when) {}

    static CompiledPolicy of(RequestPolicy policy) {
        Rule[] rules = policy.rules().stream()
                .map(rule -> new Rule(checks(rule.from()), checks(rule.to()), checks(rule.when())))
                .toArray(Rule[]::new);
        return new CompiledPolicy(policy.key(), policy.deny(), rules);
    }

    private static Check[][] checks(List<List<RequestPolicy.Condition>> alternatives) {
        return alternatives.stream()
                .map(all -> all.stream().map(Check::of).toArray(Check[]::new))
                .toArray(Check[][]::new);
    }

    boolean matches(Authorization.Caller caller, HttpRoutes.@Nullable Request request) {
        for (Rule rule : rules) {
            if (oneHolds(rule.from, caller, request)
                    && oneHolds(rule.to, caller, request)
                    && oneHolds(rule.when, caller, request)) {
                return true;
            }
        }
        return false;
    }

    private boolean oneHolds(
            Check[][] alternatives, Authorization.Caller caller, HttpRoutes.@Nullable Request request) {
        for (Check[] all : alternatives) {
            if (allHold(all, caller, request)) {
                return true;
            }
        }
        return alternatives.length == 0;
    }

    private boolean allHold(Check[] all, Authorization.Caller caller, HttpRoutes.@Nullable Request request) {
        for (Check check : all) {
            if (!check.holds(deny, caller, request)) {
                return false;
            }
        }
        return true;
    }

    /** One condition. */
    private record Check(Attribute attribute, String name, Values values, Values notValues) {
        static Check of(RequestPolicy.Condition condition) {
            Attribute attribute = condition.attribute();
            boolean addresses = attribute == Attribute.SOURCE_IP || attribute == Attribute.DESTINATION_IP;
            return new Check(
                    attribute,
                    condition.name() == null ? "" : condition.name(),
                    Values.of(condition.values(), addresses),
                    Values.of(condition.notValues(), addresses));
        }

        boolean holds(boolean deny, Authorization.Caller caller, HttpRoutes.@Nullable Request request) {
            return switch (attribute) {
                case SOURCE_PRINCIPAL -> text(caller.principal());
                case SOURCE_NAMESPACE -> text(caller.namespace());
                case SOURCE_SERVICE_ACCOUNT -> text(caller.serviceAccount());
                case SOURCE_TRUST_DOMAIN -> text(caller.trustDomain());
                case SOURCE_IP -> address(caller.address());
                case DESTINATION_IP -> address(caller.destination());
                case DESTINATION_PORT -> text(caller.port());
                case HOST -> request == null ? deny : text(request.authority());
                case METHOD -> request == null ? deny : text(request.method());
                case PATH -> request == null ? deny : text(request.path());
                case HEADER -> request == null ? deny : text(name.isEmpty() ? null : request.header(name));
            };
        }

        /** What is not there fulfils no value, and offends against none. */
        private boolean text(@Nullable String value) {
            return value == null ? values.isEmpty() : (values.isEmpty() || values.any(value)) && !notValues.any(value);
        }

        private boolean address(@Nullable Ip value) {
            return value == null ? values.isEmpty() : (values.isEmpty() || values.any(value)) && !notValues.any(value);
        }
    }

    /** Matches of which one must hold; of addresses those that are ranges stand apart. */
    private record Values(StringMatch[] texts, Cidr[] ranges) {
        static Values of(List<StringMatch> matches, boolean addresses) {
            List<StringMatch> texts = new ArrayList<>();
            List<Cidr> ranges = new ArrayList<>();
            for (StringMatch match : matches) {
                Cidr range = addresses ? range(match) : null;
                if (range == null) {
                    texts.add(match);
                } else {
                    ranges.add(range);
                }
            }
            return new Values(texts.toArray(StringMatch[]::new), ranges.toArray(Cidr[]::new));
        }

        /** What is no range is held against the address as text. */
        private static @Nullable Cidr range(StringMatch match) {
            if (!(match instanceof StringMatch.Exact(String text, boolean _))) {
                return null;
            }
            try {
                return Cidr.parse(text);
            } catch (IllegalArgumentException e) {
                return null;
            }
        }

        boolean isEmpty() {
            return texts.length == 0 && ranges.length == 0;
        }

        boolean any(String value) {
            for (StringMatch text : texts) {
                if (text.matches(value)) {
                    return true;
                }
            }
            return false;
        }

        boolean any(Ip value) {
            for (Cidr range : ranges) {
                if (range.contains(value)) {
                    return true;
                }
            }
            return texts.length > 0 && any(value.toString());
        }
    }
}
