package io.culvert.core.mesh;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageOrBuilder;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Address;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.Scope;
import io.culvert.proto.security.ServiceAccountMatch;
import io.culvert.proto.security.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Compiles one authorization. Policy = OR over rules, rule = AND over clauses, clause = OR over matches, match = AND
 * over kinds of field, positive list = OR, negative list = none of.
 *
 * <p>What this version does not understand closes: in a DENY it counts as fulfilled (the DENY gets wider), in an ALLOW
 * as not fulfilled (the ALLOW gets narrower), and it is named in the policy's faults. That includes a DENY match
 * without any field: it is what is left of a match on HTTP attributes. Owned by: the caller of {@link #compile}.
 */
final class PolicyCompiler {
    private static final String SCHEME = "spiffe://";

    private final List<String> faults = new ArrayList<>(0);
    private final boolean deny;
    // Where it is; -1 for outside of any. Words are made of it only when something is wrong there.
    private int rule = -1;
    private int clause = -1;
    private int match = -1;

    private PolicyCompiler(boolean deny) {
        this.deny = deny;
    }

    /** Never fails: what is wrong stands in the policy's faults and denies. */
    static Policy compile(String key, Authorization source, ByteString bytes) {
        boolean strange = source.getScope() == Scope.UNRECOGNIZED || source.getAction() == Action.UNRECOGNIZED;
        boolean deny = strange || source.getAction() == Action.DENY;
        PolicyCompiler compiler = new PolicyCompiler(deny);
        Matcher matcher;
        if (strange) {
            compiler.fault(
                    "scope or action",
                    "",
                    "scope " + source.getScopeValue() + " with action " + source.getActionValue()
                            + " is unknown to this version; everything it may select is denied");
            matcher = Matcher.TRUE;
        } else {
            matcher = compiler.rules(source);
        }
        String ownKey = source.getNamespace() + "/" + source.getName();
        if (!ownKey.equals(key)) {
            compiler.fault("name", "", "the resource is named " + key + " but says that it is " + ownKey);
        }
        Scope scope = source.getScope() == Scope.UNRECOGNIZED ? Scope.NAMESPACE : source.getScope();
        Action action = deny ? Action.DENY : Action.ALLOW;
        return new Policy(key, namespace(key), scope, action, source, bytes, matcher, compiler.faults);
    }

    /** Stands for a policy that cannot be read at all and has no last good version: its namespace is denied. */
    static Policy unreadable(String key, String reason) {
        Authorization none = Authorization.getDefaultInstance();
        return new Policy(
                key,
                namespace(key),
                Scope.NAMESPACE,
                Action.DENY,
                none,
                ByteString.EMPTY,
                Matcher.TRUE,
                List.of(reason));
    }

    private static String namespace(String key) {
        int slash = key.indexOf('/');
        return slash < 0 ? "" : key.substring(0, slash);
    }

    private Matcher rules(Authorization source) {
        List<Matcher> rules = new ArrayList<>();
        for (int i = 0; i < source.getRulesCount(); i++) {
            rule = i;
            rules.add(rule(source.getRules(i)));
        }
        rule = -1;
        Matcher any = Matcher.anyOf(rules.toArray(new Matcher[0]));
        return known(source) ? any : deny ? Matcher.TRUE : Matcher.FALSE;
    }

    private Matcher rule(Rule source) {
        List<Matcher> clauses = new ArrayList<>(source.getClausesCount());
        for (int i = 0; i < source.getClausesCount(); i++) {
            clause = i;
            clauses.add(clause(source.getClauses(i)));
        }
        clause = -1;
        if (!known(source)) {
            clauses.add(unsure(true));
        }
        return Matcher.allOf(clauses.toArray(new Matcher[0]));
    }

    private Matcher clause(Clause source) {
        boolean known = known(source);
        if (source.getMatchesCount() == 0) {
            return known ? Matcher.TRUE : unsure(true);
        }
        List<Matcher> matches = new ArrayList<>(source.getMatchesCount());
        for (int i = 0; i < source.getMatchesCount(); i++) {
            match = i;
            matches.add(match(source.getMatches(i)));
        }
        match = -1;
        Matcher any = Matcher.anyOf(matches.toArray(new Matcher[0]));
        return known ? any : deny ? Matcher.TRUE : Matcher.FALSE;
    }

    private Matcher match(Match m) {
        List<Matcher> fields = new ArrayList<>(2);
        if (!known(m)) {
            fields.add(unsure(true));
        }
        if (m.getExtensionsCount() > 0) {
            fault(".extensions", "extension " + m.getExtensions(0).getName() + " is unknown to this version");
            fields.add(unsure(true));
        }
        Text ns = PolicyContext::namespace;
        Text id = PolicyContext::principal;
        both(fields, m.getNamespacesList(), m.getNotNamespacesList(), "namespaces", s -> text(s, ns));
        both(fields, m.getPrincipalsList(), m.getNotPrincipalsList(), "principals", s -> text(s, id));
        both(
                fields,
                m.getServiceAccountsList(),
                m.getNotServiceAccountsList(),
                "service_accounts",
                PolicyCompiler::account);
        both(fields, m.getSourceIpsList(), m.getNotSourceIpsList(), "source_ips", a -> {
            Cidr range = range(a);
            return c -> range.contains(c.sourceIp());
        });
        both(fields, m.getDestinationIpsList(), m.getNotDestinationIpsList(), "destination_ips", a -> {
            Cidr range = range(a);
            return c -> range.contains(c.destinationIp());
        });
        both(
                fields,
                m.getDestinationPortsList(),
                m.getNotDestinationPortsList(),
                "destination_ports",
                PolicyCompiler::port);
        if (fields.isEmpty()) {
            if (deny) {
                fault("", "the match has no field that this version knows");
            }
            return unsure(true);
        }
        return Matcher.allOf(fields.toArray(new Matcher[0]));
    }

    private <T> void both(
            List<Matcher> into, List<T> positive, List<T> negative, String field, Function<T, Matcher> element) {
        if (!positive.isEmpty()) {
            into.add(list(positive, true, field, element));
        }
        if (!negative.isEmpty()) {
            into.add(list(negative, false, field, element).negated());
        }
    }

    private <T> Matcher list(List<T> list, boolean positive, String field, Function<T, Matcher> element) {
        Matcher[] matchers = new Matcher[list.size()];
        for (int i = 0; i < matchers.length; i++) {
            try {
                matchers[i] = element.apply(list.get(i));
            } catch (IllegalArgumentException e) {
                fault((positive ? "." : ".not_") + field + "[" + i + "]", String.valueOf(e.getMessage()));
                matchers[i] = unsure(positive);
            }
        }
        return Matcher.anyOf(matchers);
    }

    /** What something not understood counts as, in a list that is negated later or not. */
    private Matcher unsure(boolean positive) {
        return deny == positive ? Matcher.TRUE : Matcher.FALSE;
    }

    private boolean known(MessageOrBuilder message) {
        if (message.getUnknownFields().isEmpty()) {
            return true;
        }
        fault(
                "",
                "has fields that this version does not know: numbers "
                        + message.getUnknownFields().asMap().keySet());
        return false;
    }

    private void fault(String below, String what) {
        String at = rule < 0
                ? "policy"
                : "rules[" + rule + "]"
                        + (clause < 0 ? "" : ".clauses[" + clause + "]" + (match < 0 ? "" : ".matches[" + match + "]"));
        fault(at, below, what);
    }

    private void fault(String at, String below, String what) {
        faults.add(at + below + ": " + what + (deny ? " (the DENY is widened)" : " (the ALLOW is narrowed)"));
    }

    private static Matcher text(StringMatch match, Text subject) {
        return switch (match.getMatchTypeCase()) {
            case EXACT -> {
                String text = pattern(match.getExact());
                yield c -> subject.of(c).equals(text);
            }
            case PREFIX -> {
                String text = pattern(match.getPrefix());
                yield c -> subject.of(c).startsWith(text);
            }
            case SUFFIX -> {
                String text = pattern(match.getSuffix());
                yield c -> subject.of(c).endsWith(text);
            }
            case PRESENCE -> c -> !subject.of(c).isEmpty();
            case MATCHTYPE_NOT_SET -> throw new IllegalArgumentException("this kind of string match is unknown");
        };
    }

    /** An empty pattern would take the absence of an identity for one. */
    private static String pattern(String text) {
        String bare = text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text;
        if (bare.isEmpty()) {
            throw new IllegalArgumentException("the pattern is empty; any identity is written as presence");
        }
        return Sharing.one(bare);
    }

    private static Matcher account(ServiceAccountMatch match) {
        String namespace = Sharing.one(match.getNamespace());
        String name = Sharing.one(match.getServiceAccount());
        if (namespace.isEmpty() || name.isEmpty()) {
            throw new IllegalArgumentException("a service account needs a namespace and a name");
        }
        return c -> c.serviceAccount().equals(name) && c.namespace().equals(namespace);
    }

    private static Cidr range(Address address) {
        ByteString bytes = address.getAddress();
        Ip ip = Ip.of(bytes.toByteArray());
        // A mapped address in 16 bytes counts its prefix in 128 bits.
        boolean mapped = bytes.size() == 16 && ip.isIpv4();
        return new Cidr(ip, mapped ? address.getLength() - 96 : address.getLength());
    }

    private static Matcher port(Integer port) {
        int wanted = port;
        if (wanted < 1 || wanted > 65535) {
            throw new IllegalArgumentException(Integer.toUnsignedString(wanted) + " is not a port");
        }
        return c -> c.destinationPort() == wanted;
    }

    /** A part of the connection that string patterns look at. */
    private interface Text {
        String of(PolicyContext connection);
    }
}
