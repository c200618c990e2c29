package io.culvert.config;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.SessionAffinity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** Reads the types that Gateway API's resources share. Stateless; any thread. */
final class GatewayFields {
    static final int MAX_WEIGHT = 1_000_000;
    private static final java.util.regex.Pattern DURATION =
            java.util.regex.Pattern.compile("([0-9]{1,5}(h|ms|m|s)){1,4}");
    private static final java.util.regex.Pattern PART = java.util.regex.Pattern.compile("([0-9]+)(h|ms|m|s)");
    // RFC 9110, section 5.6.2.
    private static final java.util.regex.Pattern TOKEN =
            java.util.regex.Pattern.compile("[-!#$%&'*+.^_`|~0-9A-Za-z]{1,256}");

    private GatewayFields() {}

    /** {@code spec.parentRefs}. */
    static List<ParentRef> parents(Fields spec, Meta meta) {
        List<ParentRef> parents = new ArrayList<>();
        for (Fields ref : spec.objects("parentRefs")) {
            parents.add(new ParentRef(
                    ref.text("group", Kind.GATEWAY.group()),
                    ref.text("kind", Kind.GATEWAY.label()),
                    ref.text("namespace", meta.namespace()),
                    required(ref, "name"),
                    ref.number("port", 1, 65535),
                    ref.text("sectionName", ""),
                    ref.place()));
            ref.finish();
        }
        if (spec.has("useDefaultGateways")) {
            spec.info("useDefaultGateways", "is for gateways, and says nothing to a mesh");
        }
        atMost(spec, "parentRefs", parents.size(), 32);
        if (parents.isEmpty()) {
            spec.warning("parentRefs", "names no parent: the route is for nobody");
        }
        return List.copyOf(parents);
    }

    /** The fields of a reference to a backend without filters; the caller finishes. */
    static BackendRef backend(Fields ref, Meta meta) {
        Integer weight = ref.number("weight", 0, MAX_WEIGHT);
        Integer port = ref.number("port", 1, 65535);
        String group = ref.text("group", "");
        String kind = ref.text("kind", "Service");
        if (port == null && !ref.has("port") && group.isEmpty() && kind.equals("Service")) {
            ref.error("port", "is missing: a Service is named with its port");
        }
        return new BackendRef(
                group,
                kind,
                ref.text("namespace", meta.namespace()),
                required(ref, "name"),
                port,
                weight == null ? 1 : weight,
                HeaderChanges.NONE,
                HeaderChanges.NONE,
                null,
                ref.place());
    }

    /** A string that must be there. */
    static String required(Fields fields, String name) {
        String text = fields.text(name);
        if ((text == null && !fields.has(name)) || (text != null && text.isEmpty())) {
            fields.error(name, "is missing");
        }
        return Objects.requireNonNullElse(text, "");
    }

    /** Kubernetes refuses longer lists. */
    static void atMost(Fields fields, String name, int size, int most) {
        if (size > most) {
            fields.warning(name, "has " + size + " items: Kubernetes takes at most " + most);
        }
    }

    /** A duration as GEP-2257 has them; null when it is absent or wrong. */
    static @Nullable Duration duration(Fields fields, String name) {
        String text = fields.text(name);
        if (text == null) {
            return null;
        }
        if (!DURATION.matcher(text).matches()) {
            fields.error(
                    name,
                    "\"" + text + "\" is no duration: use up to four whole numbers, each with h, m, s or ms, as 1m30s");
            return null;
        }
        long millis = 0;
        Matcher parts = PART.matcher(text);
        while (parts.find()) {
            long unit = switch (parts.group(2)) {
                case "h" -> 3_600_000;
                case "m" -> 60_000;
                case "s" -> 1_000;
                default -> 1;
            };
            millis += Long.parseLong(parts.group(1)) * unit;
        }
        return Duration.ofMillis(millis);
    }

    /** A regular expression that has to match the whole of something; null when it is wrong. */
    static @Nullable Pattern regex(Fields fields, String name, String text) {
        String fault = RegexSize.fault(text);
        if (fault != null) {
            fields.error(name, "this regular expression is too large: " + fault);
            return null;
        }
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            fields.error(
                    name,
                    "\"" + text + "\" is no regular expression of RE2: " + e.getDescription()
                            + (e.getPattern() == null || e.getPattern().isEmpty() ? "" : " at " + e.getPattern()));
            return null;
        }
    }

    static boolean isToken(String text) {
        return TOKEN.matcher(text).matches();
    }

    /** A name of a header field, in lower case; an error when it is none. */
    static String headerName(Fields fields, String name) {
        String text = required(fields, name);
        if (!text.isEmpty() && !isToken(text)) {
            fields.error(name, "\"" + text + "\" is no name of a header field");
        }
        return text.toLowerCase(Locale.ROOT);
    }

    /** A header modifier: set, add and remove; of one name the first counts. */
    static HeaderChanges headerChanges(Fields modifier) {
        HeaderChanges changes =
                new HeaderChanges(headers(modifier, "set"), headers(modifier, "add"), removed(modifier));
        modifier.finish();
        return changes;
    }

    private static Map<String, String> headers(Fields modifier, String list) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Fields header : modifier.objects(list)) {
            String name = headerName(header, "name");
            String value = header.text("value", "");
            header.finish();
            if (value.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 0x7f)) {
                header.error("value", "must not have control characters");
            }
            if (headers.putIfAbsent(name, value) != null) {
                header.warning("name", name + " is given twice: the first counts");
            }
        }
        atMost(modifier, list, headers.size(), 16);
        return headers;
    }

    private static List<String> removed(Fields modifier) {
        Set<String> names = new LinkedHashSet<>();
        for (Fields.Text text : modifier.texts("remove")) {
            if (isToken(text.value())) {
                names.add(text.value().toLowerCase(Locale.ROOT));
            } else {
                modifier.error("remove", "\"" + text.value() + "\" is no name of a header field");
            }
        }
        return List.copyOf(names);
    }

    private enum SessionType {
        Cookie,
        Header
    }

    private enum LifetimeType {
        Permanent,
        Session
    }

    /**
     * {@code sessionPersistence}; null when there is none.
     *
     * @param absent the name that a session has when it is given none
     * @param path of the cookie
     */
    static @Nullable SessionAffinity session(Fields parent, String absent, String path) {
        Fields fields = parent.object("sessionPersistence");
        if (fields == null) {
            return null;
        }
        String name = fields.text("sessionName", absent);
        if (!isToken(name)) {
            fields.error("sessionName", "\"" + name + "\" is no name of a cookie or header field");
        }
        boolean cookie = fields.choice("type", SessionType.class) != SessionType.Header;
        Duration absolute = duration(fields, "absoluteTimeout");
        Fields config = fields.object("cookieConfig");
        boolean permanent = false;
        if (config != null) {
            permanent = config.choice("lifetimeType", LifetimeType.class) == LifetimeType.Permanent;
            config.finish();
            if (!cookie) {
                fields.error("cookieConfig", "belongs to type Cookie only: remove it");
            }
        }
        if (permanent && absolute == null && !fields.has("absoluteTimeout")) {
            fields.error("absoluteTimeout", "is missing: a permanent cookie needs it");
        }
        if (absolute != null && !permanent) {
            fields.warning(
                    "absoluteTimeout",
                    "is not enforced: only cookies of cookieConfig.lifetimeType Permanent end after a time");
        }
        if (fields.has("idleTimeout")) {
            duration(fields, "idleTimeout");
            fields.warning("idleTimeout", "is not enforced: a session is known by its value alone");
        }
        fields.finish();
        return new SessionAffinity(
                cookie,
                cookie ? name : name.toLowerCase(Locale.ROOT),
                cookie ? path : "/",
                permanent ? absolute : null);
    }
}
