package io.culvert.config;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Hostnames in Istio's resources: whole names, short ones, and wildcards. Stateless; any thread. */
final class Hosts {
    private Hosts() {}

    /** What is wrong with a hostname; null when nothing is. */
    static @Nullable String fault(String text, boolean wildcards) {
        String rest = text.toLowerCase(Locale.ROOT);
        if (wildcards && rest.equals("*")) {
            return null;
        }
        if (wildcards && rest.startsWith("*.")) {
            rest = rest.substring(2);
        }
        if (NameGrammar.isDnsName(rest)) {
            return null;
        }
        return "is no hostname: use a-z, 0-9, '-' and '.'"
                + (wildcards ? ", with *. at its begin only" : ", without wildcards")
                + (text.indexOf(':') >= 0 ? ", and no port" : "");
    }

    /** The whole name, in lower case: one without a dot is a service of {@code namespace}. */
    static String whole(String host, String namespace, CompilerSettings settings) {
        String lower = host.toLowerCase(Locale.ROOT);
        return lower.indexOf('.') < 0 && !lower.equals("*") ? lower + "." + namespace + suffix(settings) : lower;
    }

    private static String suffix(CompilerSettings settings) {
        return ".svc." + settings.clusterDomain();
    }

    /** The Service that has a whole name; null when no Service can. */
    static @Nullable ResourceKey service(String whole, CompilerSettings settings) {
        String suffix = suffix(settings);
        if (!whole.endsWith(suffix)) {
            return null;
        }
        String rest = whole.substring(0, whole.length() - suffix.length());
        int dot = rest.indexOf('.');
        String name = dot < 0 ? "" : rest.substring(0, dot);
        String namespace = rest.substring(dot + 1);
        return NameGrammar.isDnsLabel(name) && NameGrammar.isDnsLabel(namespace)
                ? new ResourceKey(Kind.SERVICE, namespace, name)
                : null;
    }

    /** The whole name of a Service. */
    static String of(ResourceKey service, CompilerSettings settings) {
        return service.name() + "." + service.namespace() + suffix(settings);
    }

    static boolean isWildcard(String host) {
        return host.startsWith("*");
    }

    /** Whether a name, or a wildcard, covers a whole name. */
    static boolean covers(String host, String whole) {
        return isWildcard(host) ? whole.endsWith(host.substring(1)) : host.equals(whole);
    }

    /** How to write a name that looks like a Service's and is none, for messages; "" when it does not look like one. */
    static String hint(String whole, CompilerSettings settings) {
        String text = whole.endsWith(".svc") ? whole.substring(0, whole.length() - 4) : whole;
        String[] parts = text.split("\\.", -1);
        return parts.length == 2 ? ": write " + parts[0] + "." + parts[1] + suffix(settings) : "";
    }
}
