package io.culvert.config;

import io.culvert.config.VirtualServiceResource.Http;
import io.culvert.config.VirtualServiceResource.Match;
import io.culvert.config.VirtualServiceResource.MirrorTo;
import io.culvert.config.VirtualServiceResource.Target;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Puts the rules of delegates in the place of the rules that delegate, one level deep: a request has to fulfil a match
 * of both, and what the delegate's rule does not say comes from the rule that delegates. Stateless; any thread.
 */
final class Delegation {
    private Delegation() {}

    /**
     * A rule with who wrote it, who resolves short names.
     *
     * @param broken why its requests lead nowhere; null when they do not
     */
    record Bound(Meta owner, Http http, @Nullable String broken) {}

    /** The HTTP rules of a VirtualService, in order. */
    static List<Bound> rules(VirtualServiceResource root, Scope scope, Consumer<Diagnostic> found) {
        List<Bound> rules = new ArrayList<>();
        for (Http rule : root.http()) {
            if (rule.delegate() == null) {
                rules.add(new Bound(root.meta(), rule, null));
            } else {
                delegated(root, rule, rule.delegate(), scope, found, rules);
            }
        }
        return rules;
    }

    private static void delegated(
            VirtualServiceResource root,
            Http rule,
            VirtualServiceResource.Delegate delegate,
            Scope scope,
            Consumer<Diagnostic> found,
            List<Bound> rules) {
        Resource target = scope.get(delegate.target());
        String fault = fault(root, delegate.target(), target);
        if (fault != null || !(target instanceof VirtualServiceResource leaf)) {
            String reason = fault == null ? "no VirtualService" : fault;
            found.accept(root.meta()
                    .diagnostic(
                            Severity.ERROR,
                            delegate.place().line(),
                            delegate.place().path(),
                            reason + ": requests of this rule are answered with 503"));
            rules.add(new Bound(root.meta(), rule, reason));
            return;
        }
        for (Http inner : leaf.http()) {
            List<Match> matches = matches(rule.matches(), inner.matches());
            if (matches == null) {
                found.accept(leaf.meta()
                        .diagnostic(
                                Severity.WARNING,
                                inner.place().line(),
                                inner.place().path(),
                                "takes no request of " + root.key()
                                        + ", which delegates here: no request fulfils a match" + " of both"));
                continue;
            }
            String broken = null;
            if (inner.delegate() != null) {
                ResourceKey next = inner.delegate().target();
                broken = next.equals(root.key()) || next.equals(leaf.key())
                        ? "delegates in a circle: " + root.key().path() + " to "
                                + leaf.key().path() + " to " + next.path()
                        : "delegates once more, to " + next.path() + ": only one level is allowed";
                found.accept(leaf.meta()
                        .diagnostic(
                                Severity.ERROR,
                                inner.delegate().place().line(),
                                inner.delegate().place().path(),
                                broken + "; requests of this rule are answered with 503"));
            }
            List<MirrorTo> mirrors = inner.mirrors().isEmpty() ? whole(rule, root, scope) : inner.mirrors();
            rules.add(new Bound(leaf.meta(), merge(rule, inner, matches, mirrors), broken));
        }
    }

    // A short name means a service of the namespace in which it was written.
    private static List<MirrorTo> whole(Http rule, VirtualServiceResource root, Scope scope) {
        return rule.mirrors().stream()
                .map(mirror -> {
                    Target target = mirror.target();
                    String host = Hosts.whole(target.host(), root.meta().namespace(), scope.settings());
                    return new MirrorTo(
                            new Target(
                                    host,
                                    target.subset(),
                                    target.port(),
                                    target.weight(),
                                    target.headers(),
                                    target.place()),
                            mirror.millionths());
                })
                .toList();
    }

    private static @Nullable String fault(VirtualServiceResource root, ResourceKey key, @Nullable Resource target) {
        if (key.equals(root.key())) {
            return "delegates in a circle: " + key.path() + " to itself";
        }
        if (!(target instanceof VirtualServiceResource leaf)) {
            return "there is no " + key;
        }
        if (!leaf.hosts().isEmpty()) {
            return key + " has hosts of its own, and a delegate has none";
        }
        return Visibility.isSeen(leaf.exportTo(), root.meta().namespace())
                ? null
                : key + " is not exported to namespace " + root.meta().namespace();
    }

    private static Http merge(Http root, Http leaf, List<Match> matches, List<MirrorTo> mirrors) {
        return new Http(
                leaf.name(),
                matches,
                leaf.route(),
                leaf.redirect(),
                leaf.direct(),
                leaf.delegate(),
                leaf.rewrite() == null ? root.rewrite() : leaf.rewrite(),
                leaf.timeout() == null ? root.timeout() : leaf.timeout(),
                leaf.retry() == null ? root.retry() : leaf.retry(),
                leaf.fault() == null ? root.fault() : leaf.fault(),
                mirrors,
                leaf.cors() == null ? root.cors() : leaf.cors(),
                leaf.headers() == null ? root.headers() : leaf.headers(),
                leaf.place());
    }

    // Null when no request fulfils both; an empty list is fulfilled by all.
    private static @Nullable List<Match> matches(List<Match> root, List<Match> leaf) {
        if (root.isEmpty() || leaf.isEmpty()) {
            return root.isEmpty() ? leaf : root;
        }
        List<Match> both = new ArrayList<>();
        for (Match outer : root) {
            for (Match inner : leaf) {
                Match match = both(outer, inner);
                if (match != null) {
                    both.add(match);
                }
            }
        }
        return both.isEmpty() ? null : List.copyOf(both);
    }

    private static @Nullable Match both(Match root, Match leaf) {
        boolean ports = root.port() == 0 || leaf.port() == 0 || root.port() == leaf.port();
        boolean clients = root.clientNamespace() == null
                || leaf.clientNamespace() == null
                || root.clientNamespace().equals(leaf.clientNamespace());
        HttpMatch one = root.match();
        HttpMatch other = leaf.match();
        if (!ports
                || !clients
                || excludes(one.path(), other.path())
                || excludes(one.method(), other.method())
                || excludes(one.scheme(), other.scheme())
                || excludes(one.authority(), other.authority())) {
            return null;
        }
        List<HttpMatch.HeaderMatch> headers = new ArrayList<>(one.headers());
        other.headers().stream().filter(header -> !headers.contains(header)).forEach(headers::add);
        List<HttpMatch.QueryMatch> query = new ArrayList<>(one.query());
        other.query().stream().filter(parameter -> !query.contains(parameter)).forEach(query::add);
        return new Match(
                new HttpMatch(
                        both(one.path(), other.path()),
                        both(one.method(), other.method()),
                        both(one.scheme(), other.scheme()),
                        both(one.authority(), other.authority()),
                        headers,
                        query),
                Math.max(root.port(), leaf.port()),
                root.clientNamespace() == null ? leaf.clientNamespace() : root.clientNamespace(),
                root.never() == null ? leaf.never() : root.never(),
                leaf.place());
    }

    // Whether it is certain that no text fulfils both.
    private static boolean excludes(@Nullable StringMatch one, @Nullable StringMatch other) {
        if (one instanceof StringMatch.Exact exact && !exact.ignoreCase()) {
            return other != null && !other.matches(exact.text());
        }
        if (other instanceof StringMatch.Exact exact && !exact.ignoreCase()) {
            return one != null && !one.matches(exact.text());
        }
        return one instanceof StringMatch.Prefix a
                && other instanceof StringMatch.Prefix b
                && !a.matches(b.text())
                && !b.matches(a.text());
    }

    private static boolean excludes(@Nullable PathMatch one, @Nullable PathMatch other) {
        if (one instanceof PathMatch.Exact exact && !exact.ignoreCase()) {
            return other != null && !other.matches(exact.path());
        }
        if (other instanceof PathMatch.Exact exact && !exact.ignoreCase()) {
            return one != null && !one.matches(exact.path());
        }
        return one instanceof PathMatch.TextPrefix a
                && other instanceof PathMatch.TextPrefix b
                && !a.matches(b.prefix())
                && !b.matches(a.prefix());
    }

    private static @Nullable StringMatch both(@Nullable StringMatch one, @Nullable StringMatch other) {
        if (one == null || other == null || one.equals(other)) {
            return one == null ? other : one;
        }
        if (one instanceof StringMatch.Exact exact && !exact.ignoreCase()) {
            return one;
        }
        return other instanceof StringMatch.Exact exact && !exact.ignoreCase()
                ? other
                : new StringMatch.Combined(List.of(one, other), List.of());
    }

    // The narrower of the two where one is: a rewrite of the prefix looks at it.
    private static @Nullable PathMatch both(@Nullable PathMatch one, @Nullable PathMatch other) {
        if (one == null || other == null || one.equals(other)) {
            return one == null ? other : one;
        }
        if (other instanceof PathMatch.Exact exact && !exact.ignoreCase()) {
            return other;
        }
        if (one instanceof PathMatch.Exact exact && !exact.ignoreCase()) {
            return one;
        }
        if (one instanceof PathMatch.TextPrefix a
                && other instanceof PathMatch.TextPrefix b
                && !a.ignoreCase()
                && !b.ignoreCase()) {
            return a.prefix().length() > b.prefix().length() ? one : other;
        }
        return new PathMatch.Combined(List.of(one, other), List.of());
    }
}
