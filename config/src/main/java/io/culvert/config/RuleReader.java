package io.culvert.config;

import com.google.protobuf.Empty;
import io.culvert.config.AuthorizationPolicyResource.Alternative;
import io.culvert.config.AuthorizationPolicyResource.HttpField;
import io.culvert.config.AuthorizationPolicyResource.Reference;
import io.culvert.core.route.RequestPolicy;
import io.culvert.proto.security.Address;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.ServiceAccountMatch;
import io.culvert.proto.security.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads sources, operations and conditions of one policy's rules. Owned by: the read. */
final class RuleReader {
    private static final String[] HTTP_SOURCE = {
        "requestPrincipals",
        "notRequestPrincipals",
        "remoteIpBlocks",
        "notRemoteIpBlocks",
        "trustDomains",
        "notTrustDomains"
    };
    private static final String[] HTTP_OPERATION = {"hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"};
    private static final List<String> CONDITION_KEYS = List.of(
            "source.ip",
            "source.namespace",
            "source.principal",
            "source.serviceAccount",
            "destination.ip",
            "destination.port");
    private static final List<String> HTTP_CONDITION_KEYS = List.of(
            "remote.ip",
            "source.trustDomain",
            "request.auth.principal",
            "request.auth.audiences",
            "request.auth.presenter",
            "connection.sni");

    private final String namespace;
    private final List<Reference> references = new ArrayList<>();

    /**
     * @param namespace of the policy: where service accounts without a namespace are
     */
    RuleReader(String namespace) {
        this.namespace = namespace;
    }

    List<Reference> references() {
        return List.copyOf(references);
    }

    Alternative source(Fields source) {
        Match.Builder match = Match.newBuilder();
        each(source, "principals", text -> match.addPrincipals(principal(source, text)));
        each(source, "notPrincipals", text -> match.addNotPrincipals(principal(source, text)));
        each(source, "namespaces", text -> match.addNamespaces(namespace(source, text)));
        each(source, "notNamespaces", text -> match.addNotNamespaces(namespace(source, text)));
        each(source, "serviceAccounts", text -> match.addServiceAccounts(account(source, text)));
        each(source, "notServiceAccounts", text -> match.addNotServiceAccounts(account(source, text)));
        each(source, "ipBlocks", text -> match.addSourceIps(block(source, text)));
        each(source, "notIpBlocks", text -> match.addNotSourceIps(block(source, text)));
        boolean accounts = source.has("serviceAccounts") || source.has("notServiceAccounts");
        for (String other : List.of("principals", "notPrincipals", "namespaces", "notNamespaces")) {
            if (accounts && source.has(other)) {
                source.error(other, "cannot stand beside serviceAccounts or notServiceAccounts: use one of them");
            }
        }
        return alternative(source, match, HTTP_SOURCE, "source", RequestConditions.source(source, namespace));
    }

    Alternative operation(Fields operation) {
        Match.Builder match = Match.newBuilder();
        each(operation, "ports", text -> match.addDestinationPorts(port(operation, text)));
        each(operation, "notPorts", text -> match.addNotDestinationPorts(port(operation, text)));
        return alternative(operation, match, HTTP_OPERATION, "operation", RequestConditions.operation(operation));
    }

    private static Alternative alternative(
            Fields fields, Match.Builder match, String[] http, String what, List<RequestPolicy.Condition> request) {
        List<HttpField> httpFields = new ArrayList<>();
        List<HttpField> untold = new ArrayList<>();
        for (String name : http) {
            if (fields.has(name)) {
                each(fields, name, _ -> {});
                HttpField field = new HttpField(fields.child(name), fields.line(name));
                httpFields.add(field);
                if (RequestConditions.isUntold(name)) {
                    untold.add(field);
                }
            }
        }
        if (fields.names().isEmpty()) {
            fields.error("", "is empty, which would match every " + what + ": name a field, or remove it");
        }
        fields.finish();
        return new Alternative(match.build(), List.copyOf(httpFields), request, List.copyOf(untold));
    }

    Alternative condition(Fields condition) {
        String key = condition.text("key", "");
        Match.Builder match = Match.newBuilder();
        List<HttpField> http = new ArrayList<>();
        if (CONDITION_KEYS.contains(key)) {
            each(condition, "values", text -> addTo(match, key, condition, text, false));
            each(condition, "notValues", text -> addTo(match, key, condition, text, true));
        } else if (isHttpKey(key)) {
            each(condition, "values", _ -> {});
            each(condition, "notValues", _ -> {});
            http.add(new HttpField(condition.child("key"), condition.line("key")));
        } else {
            List<String> keys = new ArrayList<>(CONDITION_KEYS);
            keys.addAll(HTTP_CONDITION_KEYS);
            condition.known("values", "notValues");
            condition.error("key", key.isEmpty() ? "is missing" : unknownKey(key, keys));
        }
        if (!condition.has("values") && !condition.has("notValues")) {
            condition.error("values", "is missing: give values or notValues");
        }
        List<RequestPolicy.Condition> request = RequestConditions.condition(condition, key, namespace);
        condition.finish();
        return new Alternative(
                match.build(), List.copyOf(http), request, request.isEmpty() ? List.copyOf(http) : List.of());
    }

    private static String unknownKey(String key, List<String> keys) {
        return "\"" + key + "\" is no attribute that a condition can test" + Suggestion.of(key, keys);
    }

    private static boolean isHttpKey(String key) {
        return HTTP_CONDITION_KEYS.contains(key)
                || key.startsWith("request.headers[")
                || key.startsWith("request.auth.claims[")
                || key.startsWith("experimental.envoy.filters.");
    }

    private void addTo(Match.Builder match, String key, Fields condition, Fields.Text text, boolean not) {
        switch (key) {
            case "source.ip" -> {
                Address block = block(condition, text);
                match = not ? match.addNotSourceIps(block) : match.addSourceIps(block);
            }
            case "source.namespace" -> {
                StringMatch name = namespace(condition, text);
                match = not ? match.addNotNamespaces(name) : match.addNamespaces(name);
            }
            case "source.principal" -> {
                StringMatch name = principal(condition, text);
                match = not ? match.addNotPrincipals(name) : match.addPrincipals(name);
            }
            case "source.serviceAccount" -> {
                ServiceAccountMatch name = account(condition, text);
                match = not ? match.addNotServiceAccounts(name) : match.addServiceAccounts(name);
            }
            case "destination.ip" -> {
                Address block = block(condition, text);
                match = not ? match.addNotDestinationIps(block) : match.addDestinationIps(block);
            }
            case "destination.port" -> {
                int port = port(condition, text);
                match = not ? match.addNotDestinationPorts(port) : match.addDestinationPorts(port);
            }
            default -> throw new IllegalStateException(key);
        }
    }

    // A list that is there must say something: empty, it would mean "any" where "none" may have been meant.
    private static void each(Fields fields, String name, Consumer<Fields.Text> consumer) {
        List<Fields.Text> texts = fields.texts(name);
        if (fields.isEmptyList(name)) {
            fields.error(name, "is empty, which would match everything: fill it, or remove it if that is meant");
        }
        for (Fields.Text text : texts) {
            if (text.value().isEmpty()) {
                error(fields, text, "must not be empty");
            } else {
                consumer.accept(text);
            }
        }
    }

    private static void error(Fields fields, Fields.Text text, String message) {
        fields.context().add(Severity.ERROR, text.line(), text.path(), message);
    }

    private StringMatch principal(Fields fields, Fields.Text text) {
        String value = text.value();
        if (value.startsWith("spiffe://")) {
            value = value.substring("spiffe://".length());
            fields.context()
                    .add(
                            Severity.WARNING,
                            text.line(),
                            text.path(),
                            "a principal is written without spiffe://; read as \"" + value + "\"");
        }
        StringMatch match = pattern(value);
        boolean good = switch (match.getMatchTypeCase()) {
            case EXACT -> NameGrammar.isSpiffeName(match.getExact());
            case PREFIX -> NameGrammar.isPartOfSpiffeName(match.getPrefix());
            case SUFFIX -> NameGrammar.isPartOfSpiffeName(match.getSuffix());
            case PRESENCE, MATCHTYPE_NOT_SET -> true;
        };
        if (!good) {
            error(
                    fields,
                    text,
                    "\"" + value + "\" is no SPIFFE name: use <trust domain>/ns/<namespace>/sa/<service account>"
                            + ", with * at its begin or end only");
        } else if (match.hasExact()) {
            String[] parts = value.split("/", -1);
            if (parts.length == 5 && parts[1].equals("ns") && parts[3].equals("sa")) {
                references.add(new Reference(parts[0], parts[2], parts[4], text.path(), text.line()));
            }
        }
        return match;
    }

    private StringMatch namespace(Fields fields, Fields.Text text) {
        StringMatch match = pattern(text.value());
        String fixed = match.getExact() + match.getPrefix() + match.getSuffix();
        if (match.hasExact() ? !NameGrammar.isDnsLabel(fixed) : !NameGrammar.isDnsLabel("x" + fixed + "x")) {
            error(fields, text, "\"" + text.value() + "\" is no namespace name (* at its begin or end only)");
        } else if (match.hasExact()) {
            references.add(new Reference("", fixed, "", text.path(), text.line()));
        }
        return match;
    }

    private ServiceAccountMatch account(Fields fields, Fields.Text text) {
        int slash = text.value().indexOf('/');
        String in = slash < 0 ? namespace : text.value().substring(0, slash);
        String name = text.value().substring(slash + 1);
        if (!NameGrammar.isDnsLabel(in) || !NameGrammar.isDnsName(name)) {
            error(
                    fields,
                    text,
                    "\"" + text.value() + "\" is no service account: use <namespace>/<name> or <name>, no wildcards");
        } else {
            references.add(new Reference("", in, name, text.path(), text.line()));
        }
        return ServiceAccountMatch.newBuilder()
                .setNamespace(in)
                .setServiceAccount(name)
                .build();
    }

    private static StringMatch pattern(String value) {
        StringMatch.Builder match = StringMatch.newBuilder();
        if (value.equals("*")) {
            return match.setPresence(Empty.getDefaultInstance()).build();
        }
        if (value.startsWith("*")) {
            return match.setSuffix(value.substring(1)).build();
        }
        if (value.endsWith("*")) {
            return match.setPrefix(value.substring(0, value.length() - 1)).build();
        }
        return match.setExact(value).build();
    }

    private static Address block(Fields fields, Fields.Text text) {
        Cidr cidr = Cidr.parse(text.value());
        if (cidr == null) {
            error(fields, text, "\"" + text.value() + "\" is no IP address or CIDR: use 10.0.0.0/8 or fd00::/8");
            return Address.getDefaultInstance();
        }
        if (text.value().indexOf('/') >= 0 && cidr.dropsHostBits(text.value())) {
            fields.context()
                    .add(Severity.WARNING, text.line(), text.path(), "has bits after its length; read as " + cidr);
        }
        return Address.newBuilder()
                .setAddress(cidr.address())
                .setLength(cidr.length())
                .build();
    }

    private static int port(Fields fields, Fields.Text text) {
        int port = PortText.parse(text.value());
        if (port < 0) {
            error(fields, text, "\"" + text.value() + "\" is no port: use 1 to 65535");
        }
        return Math.max(port, 0);
    }
}
