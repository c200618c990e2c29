package io.culvert.agent;

import com.fasterxml.jackson.core.JsonGenerator;
import io.culvert.core.route.Backend;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpRoutes;
import io.culvert.core.route.HttpRule;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.PortRoutes;
import io.culvert.core.route.RequestPolicy;
import io.culvert.core.route.ServiceRoutes;
import io.culvert.core.route.StringMatch;
import io.culvert.core.route.WeightedBackend;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one service for {@code /config_dump}: what leads where. Of header fields and parameters only the names are
 * told, and of direct responses only the length, as their values may be secrets; the resources have them.
 */
final class RouteDump {
    private RouteDump() {}

    static void write(JsonGenerator json, ServiceRoutes routes) throws IOException {
        json.writeStartObject();
        json.writeStringField("key", routes.serviceKey());
        json.writeObjectFieldStart("ports");
        for (Map.Entry<Integer, PortRoutes> port : new TreeMap<>(routes.ports()).entrySet()) {
            json.writeFieldName(port.getKey() == 0 ? "others" : port.getKey().toString());
            port(json, port.getValue());
        }
        json.writeEndObject();
        json.writeFieldName("policies");
        Json.array(json, routes.policies(), RouteDump::policy);
        json.writeEndObject();
    }

    private static void port(JsonGenerator json, PortRoutes routes) throws IOException {
        json.writeStartObject();
        http(json, "http", routes.http());
        if (!routes.consumers().isEmpty()) {
            json.writeObjectFieldStart("consumers");
            for (Map.Entry<String, HttpRoutes> one : new TreeMap<>(routes.consumers()).entrySet()) {
                http(json, one.getKey(), one.getValue());
            }
            json.writeEndObject();
        }
        if (!routes.tcp().isEmpty()) {
            json.writeFieldName("tcp");
            Json.array(json, routes.tcp(), (_, rule) -> stream(json, rule.name(), null, rule.backends()));
        }
        if (!routes.tls().isEmpty()) {
            json.writeFieldName("tls");
            Json.array(json, routes.tls(), (_, rule) -> stream(json, rule.name(), rule.serverNames(), rule.backends()));
        }
        json.writeEndObject();
    }

    private static void http(JsonGenerator json, String field, HttpRoutes routes) throws IOException {
        if (routes.attached()) {
            json.writeFieldName(field);
            Json.array(json, routes.entries(), RouteDump::entry);
        }
    }

    private static void stream(
            JsonGenerator json, String name, @Nullable List<String> serverNames, List<WeightedBackend> backends)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("rule", name);
        if (serverNames != null) {
            Json.strings(json, "serverNames", serverNames);
        }
        backends(json, backends);
        json.writeEndObject();
    }

    private static void entry(JsonGenerator json, HttpRoutes.Entry entry) throws IOException {
        HttpRule rule = entry.rule();
        json.writeStartObject();
        json.writeStringField("rule", rule.name());
        json.writeFieldName("match");
        match(json, entry.match());
        switch (rule.action()) {
            case HttpAction.Forward(List<WeightedBackend> backends) -> backends(json, backends);
            case HttpAction.Redirect redirect -> json.writeNumberField("redirect", redirect.code());
            case HttpAction.DirectResponse direct -> {
                json.writeNumberField("response", direct.status());
                json.writeNumberField("responseBytes", direct.body().length);
            }
        }
        json.writeNumberField("mirrors", rule.mirrors().size());
        json.writeBooleanField("fault", rule.fault() != null);
        json.writeBooleanField("cors", rule.cors() != null);
        json.writeBooleanField("rewrite", rule.rewrite() != null);
        json.writeStringField("timeout", Durations.text(rule.timeouts().request()));
        json.writeNumberField("retries", rule.retry().retries());
        json.writeEndObject();
    }

    private static void match(JsonGenerator json, HttpMatch match) throws IOException {
        json.writeStartObject();
        if (match.path() != null) {
            json.writeStringField("path", text(match.path()));
        }
        if (match.method() != null) {
            json.writeStringField("method", text(match.method()));
        }
        if (match.authority() != null) {
            json.writeStringField("authority", text(match.authority()));
        }
        if (!match.headers().isEmpty()) {
            Json.strings(
                    json,
                    "headers",
                    match.headers().stream().map(HttpMatch.HeaderMatch::name).toList());
        }
        if (!match.query().isEmpty()) {
            Json.strings(
                    json,
                    "query",
                    match.query().stream().map(HttpMatch.QueryMatch::name).toList());
        }
        json.writeEndObject();
    }

    private static String text(PathMatch match) {
        return switch (match) {
            case PathMatch.Exact exact -> "= " + exact.path();
            case PathMatch.TextPrefix prefix -> prefix.prefix() + "*";
            case PathMatch.SegmentPrefix prefix -> prefix.prefix() + "/*";
            case PathMatch.Regex regex -> "~ " + regex.pattern().pattern();
            case PathMatch.Combined combined ->
                String.join(
                                " and ",
                                combined.all().stream().map(RouteDump::text).toList())
                        + String.join(
                                "",
                                combined.none().stream()
                                        .map(one -> " not " + text(one))
                                        .toList());
        };
    }

    private static String text(StringMatch match) {
        return switch (match) {
            case StringMatch.Exact exact -> "= " + exact.text();
            case StringMatch.Prefix prefix -> prefix.text() + "*";
            case StringMatch.Suffix suffix -> "*" + suffix.text();
            case StringMatch.Regex regex -> "~ " + regex.pattern().pattern();
            case StringMatch.Present _ -> "*";
            case StringMatch.Combined combined ->
                String.join(
                                " and ",
                                combined.all().stream().map(RouteDump::text).toList())
                        + String.join(
                                "",
                                combined.none().stream()
                                        .map(one -> " not " + text(one))
                                        .toList());
        };
    }

    private static void backends(JsonGenerator json, List<WeightedBackend> backends) throws IOException {
        json.writeFieldName("backends");
        Json.array(json, backends, (_, one) -> {
            json.writeStartObject();
            switch (one.backend()) {
                case Backend.ToCluster(String key) -> json.writeStringField("cluster", key);
                case Backend.Invalid(int status, String reason) -> {
                    json.writeNumberField("status", status);
                    json.writeStringField("invalid", reason);
                }
            }
            json.writeNumberField("weight", one.weight());
            json.writeEndObject();
        });
    }

    private static void policy(JsonGenerator json, RequestPolicy policy) throws IOException {
        json.writeStartObject();
        json.writeStringField("key", policy.key());
        json.writeStringField("action", policy.deny() ? "Deny" : "Allow");
        json.writeFieldName("rules");
        Json.array(json, policy.rules(), (_, rule) -> {
            json.writeStartObject();
            conditions(json, "from", rule.from());
            conditions(json, "to", rule.to());
            conditions(json, "when", rule.when());
            json.writeEndObject();
        });
        json.writeEndObject();
    }

    private static void conditions(JsonGenerator json, String field, List<List<RequestPolicy.Condition>> lists)
            throws IOException {
        if (!lists.isEmpty()) {
            json.writeFieldName(field);
            Json.array(json, lists, (_, all) -> Json.array(json, all, RouteDump::condition));
        }
    }

    private static void condition(JsonGenerator json, RequestPolicy.Condition condition) throws IOException {
        json.writeStartObject();
        json.writeStringField("attribute", PolicyDump.titled(condition.attribute()));
        if (condition.name() != null) {
            json.writeStringField("name", condition.name());
        } else {
            Json.strings(
                    json,
                    "values",
                    condition.values().stream().map(RouteDump::text).toList());
            Json.strings(
                    json,
                    "notValues",
                    condition.notValues().stream().map(RouteDump::text).toList());
        }
        json.writeEndObject();
    }
}
