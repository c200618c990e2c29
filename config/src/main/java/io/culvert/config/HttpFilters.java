package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.config.HttpRouteResource.Match;
import io.culvert.config.HttpRouteResource.MirrorRef;
import io.culvert.config.HttpRouteResource.Rule;
import io.culvert.core.route.Cors;
import io.culvert.core.route.HeaderChanges;
import io.culvert.core.route.HttpAction;
import io.culvert.core.route.HttpAction.PortFrom;
import io.culvert.core.route.PathChange;
import io.culvert.core.route.RetryPolicy;
import io.culvert.core.route.Rewrite;
import io.culvert.core.route.SessionAffinity;
import io.culvert.core.route.StringMatch;
import io.culvert.core.route.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the filters of one rule or backend of an HTTPRoute or GRPCRoute. Owned by: the read. */
final class HttpFilters {
    /** Named as they are written. */
    private enum Type {
        RequestHeaderModifier,
        ResponseHeaderModifier,
        RequestMirror,
        RequestRedirect,
        URLRewrite,
        CORS,
        ExternalAuth,
        ExtensionRef
    }

    private enum PathType {
        ReplaceFullPath,
        ReplacePrefixMatch
    }

    private enum Scheme {
        http,
        https
    }

    private static final Set<Type> GRPC =
            EnumSet.of(Type.RequestHeaderModifier, Type.ResponseHeaderModifier, Type.RequestMirror, Type.ExtensionRef);
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int WHOLE = 1_000_000;

    private final EnumSet<Type> seen = EnumSet.noneOf(Type.class);
    private final List<MirrorRef> mirrors = new ArrayList<>();
    private HeaderChanges requestHeaders = HeaderChanges.NONE;
    private HeaderChanges responseHeaders = HeaderChanges.NONE;
    private HttpAction.@Nullable Redirect redirect;
    private @Nullable Rewrite rewrite;
    private @Nullable Cors cors;
    private @Nullable String broken;

    /**
     * Reads {@code filters}.
     *
     * @param prefixes of the rule's matches, null for one that is no prefix
     */
    void read(Fields parent, Meta meta, List<@Nullable String> prefixes) {
        List<Fields> filters = parent.objects("filters");
        for (Fields filter : filters) {
            Type type = filter.choice("type", Type.class);
            if (type == null) {
                if (!filter.has("type")) {
                    filter.error("type", "is missing");
                }
                continue;
            }
            if (!seen.add(type) && type != Type.RequestMirror && type != Type.ExtensionRef) {
                filter.error("type", type + " is given twice: remove one");
            }
            read(filter, type, meta, prefixes);
            filter.finish();
        }
        GatewayFields.atMost(parent, "filters", filters.size(), 16);
        if (redirect != null && rewrite != null) {
            parent.error("filters", "RequestRedirect and URLRewrite exclude each other: remove one");
        }
    }

    /** Reads {@code filters} of a GRPCRoute, which has fewer types. */
    void readGrpc(Fields parent, Meta meta) {
        read(parent, meta, List.of());
        for (Type type : seen) {
            if (!GRPC.contains(type)) {
                parent.error("filters", type + " is no filter of a GRPCRoute: remove it");
            }
        }
    }

    private void read(Fields filter, Type type, Meta meta, List<@Nullable String> prefixes) {
        switch (type) {
            case RequestHeaderModifier -> {
                Fields config = config(filter, "requestHeaderModifier");
                requestHeaders = config == null ? requestHeaders : GatewayFields.headerChanges(config);
            }
            case ResponseHeaderModifier -> {
                Fields config = config(filter, "responseHeaderModifier");
                responseHeaders = config == null ? responseHeaders : GatewayFields.headerChanges(config);
            }
            case RequestMirror -> {
                Fields config = config(filter, "requestMirror");
                if (config != null) {
                    mirror(config, meta);
                }
            }
            case RequestRedirect -> {
                Fields config = config(filter, "requestRedirect");
                redirect = config == null ? redirect : redirect(config, prefixes);
            }
            case URLRewrite -> {
                Fields config = config(filter, "urlRewrite");
                rewrite = config == null ? rewrite : rewrite(config, prefixes);
            }
            case CORS -> {
                Fields config = config(filter, "cors");
                cors = config == null ? cors : cors(config);
            }
            case ExternalAuth -> {
                config(filter, "externalAuth");
                broken(filter, "ExternalAuth is not supported");
            }
            case ExtensionRef -> {
                Fields config = config(filter, "extensionRef");
                if (config != null) {
                    String name = config.text("kind", "") + " " + config.text("name", "");
                    config.known("group").finish();
                    broken(filter, "there is no extension " + name);
                }
            }
        }
    }

    // A filter that cannot be executed must not be skipped (Gateway API, HTTPRouteFilter).
    private void broken(Fields filter, String reason) {
        broken = reason;
        Fields.Place place = filter.place();
        filter.context()
                .addTolerated(
                        place.line(), place.path(), reason + ": its requests are answered with 500; remove the filter");
    }

    private static @Nullable Fields config(Fields filter, String name) {
        Fields config = filter.object(name);
        if (config == null && !filter.has(name)) {
            filter.error(name, "is missing: the filter's type needs it");
        }
        return config;
    }

    private void mirror(Fields mirror, Meta meta) {
        Fields ref = mirror.object("backendRef");
        Integer percent = mirror.number("percent", 0, 100);
        Fields fraction = mirror.object("fraction");
        int millionths = percent == null ? WHOLE : percent * (WHOLE / 100);
        if (fraction != null) {
            Integer numerator = fraction.number("numerator", 0, Integer.MAX_VALUE);
            Integer denominator = fraction.number("denominator", 1, Integer.MAX_VALUE);
            fraction.finish();
            int parts = denominator == null ? 100 : denominator;
            if (numerator == null) {
                if (!fraction.has("numerator")) {
                    fraction.error("numerator", "is missing");
                }
            } else if (numerator > parts) {
                fraction.error("numerator", "must not be more than denominator (" + parts + ")");
            } else {
                millionths = (int) ((long) numerator * WHOLE / parts);
            }
            if (percent != null) {
                mirror.error("fraction", "excludes percent: remove one");
            }
        }
        if (ref == null) {
            if (!mirror.has("backendRef")) {
                mirror.error("backendRef", "is missing");
            }
        } else {
            mirrors.add(new MirrorRef(GatewayFields.backend(ref, meta), millionths));
            ref.finish();
        }
        mirror.finish();
    }

    private static HttpAction.Redirect redirect(Fields config, List<@Nullable String> prefixes) {
        Scheme scheme = config.choice("scheme", Scheme.class);
        String hostname = HttpRouteReader.hostname(config);
        Integer port = config.number("port", 1, 65535);
        Integer code = config.number("statusCode", 300, 399);
        PathChange path = path(config, prefixes);
        if (code != null && !REDIRECTS.contains(code)) {
            config.error("statusCode", code + " is not one of 301, 302, 303, 307, 308");
        }
        config.finish();
        return new HttpAction.Redirect(
                scheme == null ? null : scheme.name(),
                hostname,
                port == null ? 0 : port,
                PortFrom.LISTENER_OR_SCHEME,
                path,
                code == null ? 302 : code);
    }

    private static Rewrite rewrite(Fields config, List<@Nullable String> prefixes) {
        Rewrite rewrite = new Rewrite(HttpRouteReader.hostname(config), path(config, prefixes));
        config.finish();
        return rewrite;
    }

    private static @Nullable PathChange path(Fields config, List<@Nullable String> prefixes) {
        Fields path = config.object("path");
        if (path == null) {
            return null;
        }
        PathType type = path.choice("type", PathType.class);
        String full = path.text("replaceFullPath");
        String prefix = path.text("replacePrefixMatch");
        path.finish();
        if (type == null) {
            if (!path.has("type")) {
                path.error("type", "is missing: use ReplaceFullPath or ReplacePrefixMatch");
            }
            return null;
        }
        if (type == PathType.ReplaceFullPath) {
            if (prefix != null) {
                path.error("replacePrefixMatch", "belongs to type ReplacePrefixMatch: remove it");
            }
            if (full == null && !path.has("replaceFullPath")) {
                path.error("replaceFullPath", "is missing: the type needs it");
            }
            return full == null ? null : new PathChange.Full(full.startsWith("/") ? full : "/" + full);
        }
        if (full != null) {
            path.error("replaceFullPath", "belongs to type ReplaceFullPath: remove it");
        }
        if (prefix == null && !path.has("replacePrefixMatch")) {
            path.error("replacePrefixMatch", "is missing: the type needs it");
        }
        String matched = prefixes.size() == 1 ? prefixes.getFirst() : null;
        if (matched == null) {
            path.error("type", "ReplacePrefixMatch needs a rule with exactly one match, whose path is a PathPrefix");
        }
        return prefix == null || matched == null ? null : new PathChange.Prefix(matched, prefix, true);
    }

    private static Cors cors(Fields config) {
        List<StringMatch> origins = new ArrayList<>();
        for (Fields.Text text : config.texts("allowOrigins")) {
            origins.add(origin(text.value()));
        }
        Integer maxAge = config.number("maxAge", 1, Integer.MAX_VALUE);
        Cors cors = new Cors(
                origins,
                values(config, "allowMethods"),
                values(config, "allowHeaders"),
                values(config, "exposeHeaders"),
                Duration.ofSeconds(maxAge == null ? 5 : maxAge),
                config.flag("allowCredentials"),
                false);
        config.finish();
        return cors;
    }

    private static List<String> values(Fields config, String name) {
        return config.texts(name).stream().map(Fields.Text::value).toList();
    }

    // "*" is any origin; "https://*.example.com" any host below, at any depth.
    private static StringMatch origin(String text) {
        if (text.equals("*")) {
            return new StringMatch.Present();
        }
        int star = text.indexOf('*');
        return star < 0
                ? new StringMatch.Exact(text, true)
                : new StringMatch.Regex(Pattern.compile("(?i)" + Pattern.quote(text.substring(0, star)) + "[-a-z0-9._]+"
                        + Pattern.quote(text.substring(star + 1))));
    }

    /** Says what does not go together in a rule. */
    void check(Fields rule, List<BackendRef> backends) {
        if (redirect != null && !backends.isEmpty()) {
            rule.error("backendRefs", "are never reached behind a RequestRedirect: remove one of them");
        } else if (redirect == null && backends.isEmpty()) {
            rule.warning("backendRefs", "are missing: every request of the rule is answered with 500");
        } else if (redirect == null && backends.stream().allMatch(ref -> ref.weight() == 0)) {
            rule.warning("backendRefs", "all have weight 0: every request of the rule is answered with 500");
        }
    }

    Rule rule(
            String name,
            List<Match> matches,
            List<BackendRef> backends,
            Timeouts timeouts,
            RetryPolicy retry,
            @Nullable SessionAffinity session,
            Fields rule) {
        return new Rule(
                name,
                matches,
                backends,
                redirect,
                requestHeaders,
                responseHeaders,
                rewrite,
                List.copyOf(mirrors),
                cors,
                timeouts,
                retry,
                session,
                broken,
                rule.place());
    }

    /** The filters of a backend: changes to headers, and nothing else. */
    BackendRef backend(Fields ref, BackendRef plain) {
        Set<Type> more = EnumSet.copyOf(seen);
        more.removeAll(EnumSet.of(
                Type.RequestHeaderModifier, Type.ResponseHeaderModifier, Type.ExternalAuth, Type.ExtensionRef));
        if (!more.isEmpty()) {
            ref.error(
                    "filters",
                    more.iterator().next()
                            + " is not supported for a single backend: put it at the rule, and this backend in a rule"
                            + " of its own");
        }
        return new BackendRef(
                plain.group(),
                plain.kind(),
                plain.namespace(),
                plain.name(),
                plain.port(),
                plain.weight(),
                requestHeaders,
                responseHeaders,
                broken,
                plain.place());
    }
}
