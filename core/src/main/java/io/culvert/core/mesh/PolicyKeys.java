package io.culvert.core.mesh;

import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Clause;
import io.culvert.proto.security.Match;
import io.culvert.proto.security.Rule;
import io.culvert.proto.security.ServiceAccountMatch;
import io.culvert.proto.security.StringMatch;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whom a policy can match at all: a connection of another principal and of another namespace it never does, and need not
 * be asked about. Immutable.
 *
 * @param principals without their scheme
 */
record PolicyKeys(String[] principals, String[] namespaces) {
    private static final String SCHEME = "spiffe://";

    /** The keys of a policy that was understood as a whole; null when it may match anybody. */
    static @Nullable PolicyKeys of(Authorization source) {
        Set<String> principals = new LinkedHashSet<>();
        Set<String> namespaces = new LinkedHashSet<>();
        for (Rule rule : source.getRulesList()) {
            if (!addOneClause(rule, principals, namespaces)) {
                return null;
            }
        }
        return new PolicyKeys(shared(principals), shared(namespaces));
    }

    /** All clauses have to hold, so the keys of any one of them will do. */
    private static boolean addOneClause(Rule rule, Set<String> principals, Set<String> namespaces) {
        for (Clause clause : rule.getClausesList()) {
            List<String> p = new ArrayList<>();
            List<String> n = new ArrayList<>(0);
            boolean keyed = clause.getMatchesCount() > 0;
            for (Match match : clause.getMatchesList()) {
                keyed = keyed && addOneField(match, p, n);
            }
            if (keyed) {
                principals.addAll(p);
                namespaces.addAll(n);
                return true;
            }
        }
        return false;
    }

    /** All fields have to hold, so those of any one of them will do. */
    private static boolean addOneField(Match match, List<String> principals, List<String> namespaces) {
        if (addExact(match.getPrincipalsList(), principals)) {
            return true;
        }
        if (addExact(match.getNamespacesList(), namespaces)) {
            return true;
        }
        for (ServiceAccountMatch account : match.getServiceAccountsList()) {
            namespaces.add(account.getNamespace());
        }
        return match.getServiceAccountsCount() > 0;
    }

    private static boolean addExact(List<StringMatch> list, List<String> into) {
        for (StringMatch match : list) {
            if (match.getMatchTypeCase() != StringMatch.MatchTypeCase.EXACT) {
                return false;
            }
        }
        for (StringMatch match : list) {
            String text = match.getExact();
            into.add(text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text);
        }
        return !list.isEmpty();
    }

    private static String[] shared(Set<String> texts) {
        String[] array = new String[texts.size()];
        int i = 0;
        for (String text : texts) {
            array[i++] = Sharing.one(text);
        }
        return array;
    }
}
