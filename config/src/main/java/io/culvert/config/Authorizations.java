package io.culvert.config;

import com.google.protobuf.Empty;
import io.culvert.config.AuthorizationPolicyResource.Action;
import io.culvert.config.AuthorizationPolicyResource.Alternative;
import io.culvert.config.AuthorizationPolicyResource.HttpField;
import io.culvert.config.AuthorizationPolicyResource.Rule;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns policies into authorizations as Istio's ambient mode does (l4 fields only; an ALLOW rule that needs a request
 * matches nothing, a DENY rule is enforced without what needs one), but closed where that is open. Stateless; any
 * thread.
 *
 * <p>A match without fields never matches on the wire, so an alternative that has only request fields takes its whole
 * clause out of a DENY rule: a rule without clauses always matches.
 */
final class Authorizations {
    private static final Match NO_PEER_IDENTITY = Match.newBuilder()
            .addNotPrincipals(StringMatch.newBuilder().setPresence(Empty.getDefaultInstance()))
            .build();

    private final CompilerSettings settings;

    Authorizations(CompilerSettings settings) {
        this.settings = settings;
    }

    /** Whether agents get the policy at all. */
    static boolean isEmitted(AuthorizationPolicyResource policy) {
        return !policy.targeted() && policy.action() != Action.AUDIT;
    }

    /** The authorization, or null when it is not for agents; with what has to be said about it. */
    @Nullable
    Authorization compile(AuthorizationPolicyResource policy, List<Diagnostic> found) {
        Meta meta = policy.meta();
        if (policy.refused()) {
            return policy.targeted() ? null : denyAll(meta, meta.name(), policy.selector(), policy.dryRun());
        }
        if (policy.targeted()) {
            // Waypoints enforce it, and what there is to say of that the compiler of routes says.
            return null;
        }
        reportAction(policy, found);
        if (!isEmitted(policy)) {
            return null;
        }
        boolean allow = policy.action() == Action.ALLOW;
        Authorization.Builder built = Authorization.newBuilder()
                .setName(meta.name())
                .setNamespace(meta.namespace())
                .setScope(scope(meta, policy.selector()))
                .setAction(allow ? io.culvert.proto.security.Action.ALLOW : io.culvert.proto.security.Action.DENY)
                .setDryRun(policy.dryRun());
        for (Rule rule : policy.rules()) {
            reportHttp(meta, rule, allow, found);
            if (!allow || !rule.needsHttp()) {
                built.addRules(rule(rule));
            }
        }
        return built.build();
    }

    private static io.culvert.proto.security.Rule rule(Rule rule) {
        io.culvert.proto.security.Rule.Builder built = io.culvert.proto.security.Rule.newBuilder();
        addClause(rule.to(), built);
        addClause(rule.from(), built);
        rule.when().forEach(condition -> addClause(List.of(condition), built));
        return built.build();
    }

    private static void addClause(List<Alternative> alternatives, io.culvert.proto.security.Rule.Builder rule) {
        Clause.Builder clause = Clause.newBuilder();
        for (Alternative alternative : alternatives) {
            if (alternative.match().equals(Match.getDefaultInstance())) {
                return;
            }
            clause.addMatches(alternative.match());
        }
        if (clause.getMatchesCount() > 0) {
            rule.addClauses(clause);
        }
    }

    private static void reportAction(AuthorizationPolicyResource policy, List<Diagnostic> found) {
        Meta meta = policy.meta();
        switch (policy.action()) {
            case AUDIT ->
                found.add(meta.diagnostic(
                        Severity.WARNING, "spec.action", "AUDIT is not supported: the policy has no effect"));
            case CUSTOM ->
                found.add(meta.diagnostic(
                        Severity.ERROR,
                        "spec.action",
                        "CUSTOM is not supported: what its rules match is denied, as nobody can be asked"));
            case DENY -> {
                if (policy.rules().isEmpty()) {
                    found.add(meta.diagnostic(
                            Severity.WARNING, "spec.rules", "DENY without rules denies nothing: add a rule"));
                }
            }
            case ALLOW -> {}
        }
    }

    private static void reportHttp(Meta meta, Rule rule, boolean allow, List<Diagnostic> found) {
        String consequence = allow
                ? "needs a waypoint, and there is none: this rule allows nothing"
                : "needs a waypoint, and there is none: the rule is enforced without it, so it denies more than it says";
        List<Alternative> all = new ArrayList<>(rule.from());
        all.addAll(rule.to());
        all.addAll(rule.when());
        for (Alternative alternative : all) {
            for (HttpField field : alternative.http()) {
                found.add(meta.diagnostic(Severity.WARNING, field.line(), field.path(), consequence));
            }
        }
    }

    private Scope scope(Meta meta, Selector selector) {
        if (!selector.isEmpty()) {
            return Scope.WORKLOAD_SELECTOR;
        }
        return meta.namespace().equals(settings.rootNamespace()) ? Scope.GLOBAL : Scope.NAMESPACE;
    }

    private Authorization denyAll(Meta meta, String name, Selector selector, boolean dryRun) {
        return Authorization.newBuilder()
                .setName(name)
                .setNamespace(meta.namespace())
                .setScope(scope(meta, selector))
                .setAction(io.culvert.proto.security.Action.DENY)
                .setDryRun(dryRun)
                .addRules(io.culvert.proto.security.Rule.getDefaultInstance())
                .build();
    }

    /** The authorization that every STRICT workload without exceptions shares. */
    Authorization staticStrict() {
        return strict(settings.rootNamespace(), PeerAuthentications.STATIC_STRICT, NO_PEER_IDENTITY);
    }

    /** What a PeerAuthentication needs of its own, or null; with what has to be said about it. */
    @Nullable
    Authorization compile(PeerAuthenticationResource policy, PeerAuthentications all, List<Diagnostic> found) {
        Meta meta = policy.meta();
        String name = PeerAuthentications.convertedName(policy.key());
        if (policy.refused()) {
            return denyAll(meta, name, policy.selector(), false);
        }
        if (policy.selector().isEmpty()) {
            PeerAuthenticationResource first =
                    all.of(meta.namespace()).iterator().next();
            if (!first.key().equals(policy.key())) {
                found.add(meta.diagnostic(
                        Severity.WARNING,
                        "",
                        "has no effect: " + first.key() + " is for the same namespace and counts, being the older "
                                + "(or the first by name); remove one"));
            }
            return null;
        }
        if (meta.namespace().equals(settings.rootNamespace())) {
            found.add(
                    meta.diagnostic(
                            Severity.ERROR,
                            "spec.selector",
                            "has no effect: in the root namespace " + meta.namespace()
                                    + " a PeerAuthentication is for the whole mesh; put it into the namespace of its workloads"));
            return null;
        }
        PeerAuthentications.Conversion conversion = all.convert(policy);
        if (conversion.exceptions().isEmpty()) {
            return null;
        }
        Match.Builder match = NO_PEER_IDENTITY.toBuilder();
        if (conversion.strict()) {
            match.addAllNotDestinationPorts(conversion.exceptions());
        } else {
            match.addAllDestinationPorts(conversion.exceptions());
        }
        return strict(meta.namespace(), name, match.build());
    }

    private static Authorization strict(String namespace, String name, Match match) {
        return Authorization.newBuilder()
                .setName(name)
                .setNamespace(namespace)
                .setScope(Scope.WORKLOAD_SELECTOR)
                .setAction(io.culvert.proto.security.Action.DENY)
                .addRules(io.culvert.proto.security.Rule.newBuilder()
                        .addClauses(Clause.newBuilder().addMatches(match)))
                .build();
    }

    static Map<String, Authorization> named(@Nullable Authorization authorization) {
        return authorization == null
                ? Map.of()
                : Map.of(authorization.getNamespace() + "/" + authorization.getName(), authorization);
    }
}
