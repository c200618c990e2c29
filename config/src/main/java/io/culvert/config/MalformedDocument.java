package io.culvert.config;

import io.culvert.config.ReadResult.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A document that is no YAML. Its lines still tell mostly what it was meant to be, and that matters: a policy must not
 * fall open because of a tab.
 */
final class MalformedDocument {
    private static final Pattern KIND = Pattern.compile("(?m)^kind:[ \t]*[\"']?([A-Za-z]+)");
    private static final Pattern METADATA = Pattern.compile("(?m)^metadata:[ \t]*");
    private static final Pattern CLOSING =
            Pattern.compile("kind[\"']?[ \t]*:[ \t]*[\"']?(AuthorizationPolicy|PeerAuthentication|NetworkPolicy)\\b");
    private static final Pattern NAMESPACE =
            Pattern.compile("\\bnamespace[\"']?[ \t]*:[ \t]*[\"']?([a-z0-9][-a-z0-9]*)");

    private MalformedDocument() {}

    static ReadResult read(String file, DocumentSplitter.Chunk chunk, YamlFault fault) {
        String text = chunk.text();
        Origin origin = new Origin(file, chunk.line());
        Kind kind = kind(text);
        String metadata = metadata(text);
        String name = metadata == null ? null : field(metadata, "name");
        String namespace = metadata == null ? null : field(metadata, "namespace");
        List<Entry> entries = new ArrayList<>();
        String resource = "";
        boolean identified = kind != null && name != null;
        if (kind != null && (name != null || (kind.failsClosed() && metadata != null))) {
            Meta meta = MetaReader.nameless(kind, kind.namespaced() ? namespace : "", name, origin);
            entries.add(new Entry(meta.key(), origin, null, closed(meta), name == null));
            resource = identified ? meta.key().toString() : kind.label();
        } else {
            closeNamed(text, origin, entries);
        }
        Diagnostic diagnostic =
                new Diagnostic(Severity.ERROR, file, fault.line(), resource, "", String.valueOf(fault.getMessage()));
        return new ReadResult(List.copyOf(entries), List.of(diagnostic), !identified);
    }

    // JSON, or a List: every namespace that is named beside a policy is closed.
    private static void closeNamed(String text, Origin origin, List<Entry> entries) {
        TreeSet<String> kinds = new TreeSet<>();
        Matcher closing = CLOSING.matcher(text);
        while (closing.find()) {
            kinds.add(closing.group(1));
        }
        TreeSet<String> namespaces = new TreeSet<>();
        Matcher namespace = NAMESPACE.matcher(text);
        while (!kinds.isEmpty() && namespace.find()) {
            namespaces.add(namespace.group(1));
        }
        if (!kinds.isEmpty() && namespaces.isEmpty()) {
            namespaces.add("default");
        }
        for (String label : kinds) {
            Kind kind = Kinds.anywhere(label);
            for (String each : namespaces) {
                if (kind != null) {
                    Meta meta = MetaReader.nameless(kind, each, null, origin);
                    entries.add(new Entry(meta.key(), origin, null, closed(meta), true));
                }
            }
        }
    }

    static @Nullable Resource closed(Meta meta) {
        return switch (meta.key().kind()) {
            case PEER_AUTHENTICATION -> PeerAuthenticationReader.closed(meta, PolicyScopes.EVERYTHING);
            case AUTHORIZATION_POLICY ->
                AuthorizationPolicyReader.closed(meta, PolicyScopes.EVERYTHING, false, List.of());
            case NETWORK_POLICY -> NetworkPolicyReader.closed(meta);
            case NAMESPACE,
                    NODE,
                    SERVICE_ACCOUNT,
                    POD,
                    SERVICE,
                    ENDPOINT_SLICE,
                    DEPLOYMENT,
                    GATEWAY_CLASS,
                    GATEWAY,
                    HTTP_ROUTE,
                    GRPC_ROUTE,
                    TLS_ROUTE,
                    TCP_ROUTE,
                    REFERENCE_GRANT,
                    BACKEND_TRAFFIC_POLICY,
                    VIRTUAL_SERVICE,
                    DESTINATION_RULE,
                    SERVICE_PROFILE -> null;
        };
    }

    private static @Nullable Kind kind(String text) {
        String label = first(KIND, text);
        return label == null ? null : Kinds.anywhere(label);
    }

    // What stands below or behind "metadata:", without what is nested in it: a label may be called "name".
    private static @Nullable String metadata(String text) {
        Matcher matcher = METADATA.matcher(text);
        if (!matcher.find()) {
            return null;
        }
        String rest = text.substring(matcher.end());
        return rest.startsWith("{") ? flow(rest) : block(rest);
    }

    private static String flow(String text) {
        StringBuilder top = new StringBuilder();
        int depth = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                break;
            }
            top.append(depth > 1 ? ' ' : c == '{' || c == ',' ? '\n' : c);
        }
        return top.toString();
    }

    private static String block(String text) {
        StringBuilder top = new StringBuilder();
        int indent = -1;
        for (String line : text.lines().skip(1).toList()) {
            int own = line.length() - line.stripLeading().length();
            if (line.isBlank()) {
                continue;
            }
            if (own == 0) {
                break;
            }
            indent = indent < 0 ? own : indent;
            if (own == indent) {
                top.append(line).append('\n');
            }
        }
        return top.toString();
    }

    private static @Nullable String field(String metadata, String name) {
        return first(
                Pattern.compile("(?m)^[ \t]*[\"']?" + name + "[\"']?:[ \t]*[\"']?([a-z0-9][-.a-z0-9]*)"), metadata);
    }

    private static @Nullable String first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : null;
    }
}
