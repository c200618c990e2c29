package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.core.route.RequestPolicy.Attribute;
import io.culvert.core.route.RequestPolicy.Condition;
import io.culvert.core.route.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads sources, operations and conditions of policies as a waypoint holds them against requests. What is wrong in them
 * {@link RuleReader} reports. Stateless; any thread.
 */
final class RequestConditions {
    private static final Set<String> UNTOLD =
            Set.of("requestPrincipals", "notRequestPrincipals", "remoteIpBlocks", "notRemoteIpBlocks");
    private static final String HEADER = "request.headers[";
    private static final String SCHEME = "spiffe://";

    private RequestConditions() {}

    /** Whether a field of a source says something that a waypoint does not know yet. */
    static boolean isUntold(String field) {
        return UNTOLD.contains(field);
    }

    /**
     * The conditions of a source.
     *
     * @param namespace of service accounts that name none
     */
    static List<Condition> source(Fields source, String namespace) {
        List<Condition> conditions = new ArrayList<>();
        add(conditions, source, "principals", Attribute.SOURCE_PRINCIPAL, RequestConditions::principal);
        add(conditions, source, "namespaces", Attribute.SOURCE_NAMESPACE, RequestConditions::pattern);
        add(conditions, source, "serviceAccounts", Attribute.SOURCE_SERVICE_ACCOUNT, text -> account(text, namespace));
        add(conditions, source, "ipBlocks", Attribute.SOURCE_IP, RequestConditions::exact);
        add(conditions, source, "trustDomains", Attribute.SOURCE_TRUST_DOMAIN, RequestConditions::pattern);
        return List.copyOf(conditions);
    }

    /** The conditions of an operation. */
    static List<Condition> operation(Fields operation) {
        List<Condition> conditions = new ArrayList<>();
        add(conditions, operation, "hosts", Attribute.HOST, RequestConditions::host);
        add(conditions, operation, "ports", Attribute.DESTINATION_PORT, RequestConditions::exact);
        add(conditions, operation, "methods", Attribute.METHOD, RequestConditions::pattern);
        add(conditions, operation, "paths", Attribute.PATH, RequestConditions::path);
        return List.copyOf(conditions);
    }

    /** One of {@code when}; empty when a waypoint does not know what it is about. */
    static List<Condition> condition(Fields condition, String key, String namespace) {
        if (key.startsWith(HEADER) && key.endsWith("]")) {
            String name = key.substring(HEADER.length(), key.length() - 1).toLowerCase(Locale.ROOT);
            return List.of(when(condition, Attribute.HEADER, name, RequestConditions::pattern));
        }
        return switch (key) {
            case "source.ip" -> when(condition, Attribute.SOURCE_IP);
            case "source.namespace" -> when(condition, Attribute.SOURCE_NAMESPACE, RequestConditions::pattern);
            case "source.principal" -> when(condition, Attribute.SOURCE_PRINCIPAL, RequestConditions::principal);
            case "source.serviceAccount" ->
                when(condition, Attribute.SOURCE_SERVICE_ACCOUNT, text -> account(text, namespace));
            case "source.trustDomain" -> when(condition, Attribute.SOURCE_TRUST_DOMAIN, RequestConditions::pattern);
            case "destination.ip" -> when(condition, Attribute.DESTINATION_IP);
            case "destination.port" -> when(condition, Attribute.DESTINATION_PORT);
            default -> List.of();
        };
    }

    private static List<Condition> when(Fields condition, Attribute attribute) {
        return when(condition, attribute, RequestConditions::exact);
    }

    private static List<Condition> when(Fields condition, Attribute attribute, Function<String, StringMatch> match) {
        return List.of(when(condition, attribute, null, match));
    }

    private static Condition when(
            Fields condition, Attribute attribute, @Nullable String name, Function<String, StringMatch> match) {
        return new Condition(
                attribute, name, matches(condition, "values", match), matches(condition, "notValues", match));
    }

    private static void add(
            List<Condition> conditions,
            Fields fields,
            String name,
            Attribute attribute,
            Function<String, StringMatch> match) {
        String not = "not" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        if (fields.has(name) || fields.has(not)) {
            conditions.add(new Condition(attribute, null, matches(fields, name, match), matches(fields, not, match)));
        }
    }

    // Read once more beside the rule's own reader: wrong types are told once, as the same finding.
    private static List<StringMatch> matches(Fields fields, String name, Function<String, StringMatch> match) {
        return fields.has(name)
                ? fields.again().texts(name).stream()
                        .map(Fields.Text::value)
                        .map(match)
                        .toList()
                : List.of();
    }

    private static StringMatch exact(String text) {
        return new StringMatch.Exact(text, false);
    }

    private static StringMatch pattern(String text) {
        return pattern(text, false);
    }

    private static StringMatch host(String text) {
        return pattern(text, true);
    }

    private static StringMatch pattern(String text, boolean ignoreCase) {
        if (text.equals("*")) {
            return new StringMatch.Present();
        }
        if (text.startsWith("*")) {
            return new StringMatch.Suffix(text.substring(1), ignoreCase);
        }
        return text.endsWith("*")
                ? new StringMatch.Prefix(text.substring(0, text.length() - 1), ignoreCase)
                : new StringMatch.Exact(text, ignoreCase);
    }

    private static StringMatch principal(String text) {
        return pattern(text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text);
    }

    private static StringMatch account(String text, String namespace) {
        return exact(text.indexOf('/') < 0 ? namespace + "/" + text : text);
    }

    // "{*}" is one segment, "{**}" any number of them.
    private static StringMatch path(String text) {
        if (!text.contains("{*}") && !text.contains("{**}")) {
            return pattern(text);
        }
        StringBuilder regex = new StringBuilder();
        int from = 0;
        for (int open = text.indexOf('{'); open >= 0; open = text.indexOf('{', open + 1)) {
            boolean many = text.startsWith("{**}", open);
            if (many || text.startsWith("{*}", open)) {
                regex.append(Pattern.quote(text.substring(from, open))).append(many ? ".*" : "[^/]+");
                from = open + (many ? 4 : 3);
            }
        }
        return new StringMatch.Regex(Pattern.compile(
                regex.append(Pattern.quote(text.substring(from))).toString()));
    }
}
