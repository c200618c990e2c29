package io.culvert.config;

import io.culvert.config.VirtualServiceResource.Match;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.HttpMatch.HeaderMatch;
import io.culvert.core.route.HttpMatch.QueryMatch;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads matches of VirtualServices. Stateless; any thread. */
final class HttpMatchReader {
    private static final Set<String> NOT_HEADERS = Set.of("uri", "scheme", "method", "authority");

    private HttpMatchReader() {}

    /** One block of {@code match}. */
    static Match read(Fields match) {
        boolean ignoreCase = match.flag("ignoreUriCase");
        StringMatch uri = IstioFields.string(match, "uri", ignoreCase);
        if (ignoreCase && uri instanceof StringMatch.Regex) {
            match.warning("ignoreUriCase", "is for exact and prefix only: begin the regex with (?i)");
        }
        String never = never(match);
        List<HeaderMatch> headers = new ArrayList<>();
        String claim = headers(match, "headers", false, headers);
        String without = headers(match, "withoutHeaders", true, headers);
        never = never != null ? never : claim != null ? claim : without;
        HttpMatch read = new HttpMatch(
                path(match, uri),
                IstioFields.string(match, "method", false),
                IstioFields.string(match, "scheme", false),
                authority(match, IstioFields.string(match, "authority", false)),
                headers,
                query(match));
        Integer port = match.number("port", 1, 65535);
        String namespace = match.text("sourceNamespace", "");
        if (match.has("statPrefix")) {
            match.text("statPrefix");
            match.warning("statPrefix", "is not executed: metrics bear the name of the service");
        }
        match.known("name", "statPrefix").finish();
        return new Match(read, port == null ? 0 : port, namespace.isEmpty() ? null : namespace, never, match.place());
    }

    /** Why a match takes nothing at a waypoint, with a warning; null when it may. */
    static @Nullable String never(Fields match) {
        Fields labels = match.object("sourceLabels");
        if (labels != null && !labels.names().isEmpty()) {
            match.warning(
                    "sourceLabels",
                    "a waypoint does not know the labels of clients: this match takes nothing; use sourceNamespace");
            return "sourceLabels";
        }
        List<String> gateways =
                match.texts("gateways").stream().map(Fields.Text::value).toList();
        if (!gateways.isEmpty() && !gateways.contains(VirtualServiceReader.MESH)) {
            match.warning("gateways", "names gateways only, so this match takes nothing in the mesh: add \"mesh\"");
            return "gateways";
        }
        return null;
    }

    private static @Nullable PathMatch path(Fields match, @Nullable StringMatch uri) {
        String text = switch (uri) {
            case StringMatch.Exact exact -> exact.text();
            case StringMatch.Prefix prefix -> prefix.text();
            case null, default -> "/";
        };
        if (!text.startsWith("/") && !text.equals("*")) {
            match.warning("uri", "\"" + text + "\" matches no path: paths begin with a slash");
        }
        if (text.indexOf('?') >= 0) {
            match.warning("uri", "\"" + text + "\" matches no path: the query is matched by queryParams");
        }
        return switch (uri) {
            case StringMatch.Exact exact -> new PathMatch.Exact(exact.text(), exact.ignoreCase());
            case StringMatch.Prefix prefix -> new PathMatch.TextPrefix(prefix.text(), prefix.ignoreCase());
            case StringMatch.Regex regex -> new PathMatch.Regex(regex.pattern());
            case null, default -> null;
        };
    }

    // What is matched has neither capitals nor a port.
    private static @Nullable StringMatch authority(Fields match, @Nullable StringMatch authority) {
        if (authority instanceof StringMatch.Exact exact) {
            int colon = exact.text().lastIndexOf(':');
            boolean port = colon >= 0
                    && exact.text().indexOf(']', colon) < 0
                    && PortText.parse(exact.text().substring(colon + 1)) > 0;
            if (port) {
                match.warning("authority", "the port of an authority is not looked at: use port");
            }
            String host = port ? exact.text().substring(0, colon) : exact.text();
            return new StringMatch.Exact(host.toLowerCase(Locale.ROOT), false);
        }
        return authority instanceof StringMatch.Prefix prefix
                ? new StringMatch.Prefix(prefix.text().toLowerCase(Locale.ROOT), false)
                : authority;
    }

    // Adds conditions; answers why the match takes nothing.
    private static @Nullable String headers(Fields match, String name, boolean invert, List<HeaderMatch> headers) {
        Fields fields = match.object(name);
        String never = null;
        if (fields == null) {
            return null;
        }
        for (String key : fields.names()) {
            String lower = key.toLowerCase(Locale.ROOT);
            if (NOT_HEADERS.contains(lower)) {
                fields.object(key);
                fields.warning(key, "is ignored, as Istio does: use " + lower + " of the match itself");
                continue;
            }
            if (lower.startsWith("@request.auth") || lower.startsWith(":")) {
                fields.object(key);
                fields.warning(
                        key,
                        lower.startsWith(":")
                                ? "pseudo-headers are no headers, so this match takes nothing: use uri, method, authority"
                                        + " and scheme"
                                : "claims of tokens are not known to waypoints yet: this match takes nothing");
                never = key;
                continue;
            }
            if (!GatewayFields.isToken(key)) {
                fields.error(key, "\"" + key + "\" is no name of a header field");
                continue;
            }
            StringMatch value = IstioFields.stringOrPresent(fields, key);
            if (value != null) {
                headers.add(new HeaderMatch(lower, value, invert));
            }
        }
        return never;
    }

    private static List<QueryMatch> query(Fields match) {
        Fields fields = match.object("queryParams");
        List<QueryMatch> query = new ArrayList<>();
        if (fields == null) {
            return query;
        }
        for (String key : fields.names()) {
            StringMatch value = IstioFields.stringOrPresent(fields, key);
            if (value != null) {
                query.add(new QueryMatch(key, value));
            }
        }
        return query;
    }
}
