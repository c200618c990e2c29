package io.culvert.config;

import io.culvert.config.VirtualServiceResource.Headers;
import io.culvert.config.VirtualServiceResource.Target;
import io.culvert.core.route.HeaderChanges;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads destinations of VirtualServices and what changes headers. Stateless; any thread. */
final class TargetReader {
    private static final Set<String> AUTHORITY = Set.of("host", ":authority");
    private static final Set<String> RULE_FIELDS = Set.of("route", "match", "timeout", "retries", "fault", "rewrite");

    private TargetReader() {}

    /**
     * {@code route}: where requests or connections go by weight.
     *
     * @param http whether destinations may change headers
     */
    static List<Target> route(Fields rule, boolean http) {
        List<Target> targets = new ArrayList<>();
        List<Fields> items = rule.objects("route");
        long sum = 0;
        for (Fields item : items) {
            if (item.names().stream().anyMatch(RULE_FIELDS::contains) && !item.has("destination")) {
                nested(rule, item);
                continue;
            }
            Integer given = item.number("weight", 0, Integer.MAX_VALUE);
            Headers headers = http ? headers(item) : null;
            Target target = destination(item, items.size() == 1 ? 1 : given == null ? 0 : given, headers);
            item.finish();
            if (target != null) {
                targets.add(target);
                sum += target.weight();
            }
        }
        if (items.size() > 1 && targets.size() == items.size() && sum == 0) {
            rule.error("route", "no destination has a weight: give each its share, as weight: 90 and weight: 10");
        }
        if (sum > Integer.MAX_VALUE) {
            rule.error("route", "the weights add up to more than " + Integer.MAX_VALUE);
        }
        // Zero gets nothing; that several were written still shows in the weights of the others.
        targets.removeIf(target -> target.weight() == 0);
        return List.copyOf(targets);
    }

    // The slip that indentation invites: what was meant as the next rule stands among the destinations of this one.
    private static void nested(Fields rule, Fields item) {
        String name = item.names().iterator().next();
        item.known(item.names().toArray(String[]::new));
        item.error(
                name,
                "stands in the list of destinations of " + rule.path() + ", where only destination, weight and headers"
                        + " belong: if a new rule begins here, move \"- " + name
                        + ":\" to the left, under the dash of line "
                        + rule.line() + ", and what follows under it");
    }

    /** {@code destination} of a route; null with an error when there is none. */
    private static @Nullable Target destination(Fields item, int weight, @Nullable Headers headers) {
        Fields destination = item.object("destination");
        if (destination == null) {
            if (!item.has("destination")) {
                item.error("destination", "is missing: name a host");
            }
            return null;
        }
        return target(destination, weight, headers);
    }

    /** A destination itself. */
    static Target target(Fields destination, int weight, @Nullable Headers headers) {
        String host = GatewayFields.required(destination, "host").toLowerCase(Locale.ROOT);
        String fault = host.isEmpty() ? null : Hosts.fault(host, false);
        if (fault != null) {
            destination.error("host", "\"" + host + "\" " + fault);
        }
        String subset = destination.text("subset", "");
        Fields selector = destination.object("port");
        Integer port = null;
        if (selector != null) {
            port = selector.number("number", 1, 65535);
            selector.finish();
            if (!selector.has("number")) {
                selector.error("number", "is missing");
            }
        }
        destination.finish();
        return new Target(host, subset, port, weight, headers, destination.place());
    }

    /** {@code headers} of a rule or destination; null when there are none. */
    static @Nullable Headers headers(Fields parent) {
        Fields headers = parent.object("headers");
        if (headers == null) {
            return null;
        }
        Fields request = headers.object("request");
        Fields response = headers.object("response");
        headers.finish();
        String authority = request == null ? null : authority(request);
        return new Headers(changes(request), changes(response), authority);
    }

    private static @Nullable String authority(Fields request) {
        Fields set = request.object("set");
        String authority = null;
        if (set == null) {
            return null;
        }
        for (String name : set.names()) {
            if (AUTHORITY.contains(name.toLowerCase(Locale.ROOT))) {
                authority = set.text(name);
            }
        }
        return authority;
    }

    private static HeaderChanges changes(@Nullable Fields operations) {
        if (operations == null) {
            return HeaderChanges.NONE;
        }
        Set<String> removed = new LinkedHashSet<>();
        for (Fields.Text text : operations.texts("remove")) {
            if (usable(operations, "remove", text.value())) {
                removed.add(text.value().toLowerCase(Locale.ROOT));
            }
        }
        HeaderChanges changes =
                new HeaderChanges(values(operations, "set"), values(operations, "add"), List.copyOf(removed));
        operations.finish();
        return changes;
    }

    private static Map<String, String> values(Fields operations, String name) {
        Fields fields = operations.object(name);
        Map<String, String> values = new LinkedHashMap<>();
        if (fields == null) {
            return values;
        }
        for (String header : fields.names()) {
            String value = fields.text(header, "");
            boolean authority = AUTHORITY.contains(header.toLowerCase(Locale.ROOT))
                    && name.equals("set")
                    && operations.path().endsWith("request");
            if (authority || !usable(fields, header, header)) {
                continue;
            }
            if (value.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 0x7f)) {
                fields.error(header, "must not have control characters");
            }
            if (value.indexOf('%') >= 0) {
                value = value.replace("%%", "\0");
                if (value.indexOf('%') >= 0) {
                    fields.warning(header, "is sent as it is written: Envoy's %operators% are not executed");
                }
                value = value.replace('\0', '%');
            }
            values.put(header.toLowerCase(Locale.ROOT), value);
        }
        return values;
    }

    private static boolean usable(Fields fields, String at, String name) {
        if (name.startsWith(":") || name.equalsIgnoreCase("host")) {
            fields.warning(
                    at, name + " cannot be changed here, ignored" + "; to change the authority use rewrite.authority");
            return false;
        }
        if (!GatewayFields.isToken(name)) {
            fields.error(at, "\"" + name + "\" is no name of a header field");
            return false;
        }
        return true;
    }
}
