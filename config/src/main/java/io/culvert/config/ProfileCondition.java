package io.culvert.config;

import com.google.re2j.Pattern;
import io.culvert.core.route.HttpMatch;
import io.culvert.core.route.PathMatch;
import io.culvert.core.route.StringMatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns conditions of a ServiceProfile, with all, any and not, into matches of which one must hold. Stateless. */
final class ProfileCondition {
    // A condition that multiplies out to more is not meant.
    private static final int MOST = 64;

    private ProfileCondition() {}

    /** What one match asks of path and method. */
    private record Term(
            List<PathMatch> paths, List<PathMatch> noPaths, List<StringMatch> methods, List<StringMatch> none) {
        static final Term ANY = new Term(List.of(), List.of(), List.of(), List.of());

        Term and(Term other) {
            return new Term(
                    join(paths, other.paths),
                    join(noPaths, other.noPaths),
                    join(methods, other.methods),
                    join(none, other.none));
        }

        private static <T> List<T> join(List<T> one, List<T> other) {
            List<T> both = new ArrayList<>(one);
            both.addAll(other);
            return both;
        }

        HttpMatch match() {
            PathMatch path = paths.isEmpty() && noPaths.isEmpty()
                    ? null
                    : paths.size() == 1 && noPaths.isEmpty()
                            ? paths.getFirst()
                            : new PathMatch.Combined(paths, noPaths);
            StringMatch method = methods.isEmpty() && none.isEmpty()
                    ? null
                    : methods.size() == 1 && none.isEmpty()
                            ? methods.getFirst()
                            : new StringMatch.Combined(methods, none);
            return new HttpMatch(path, method, null, null, List.of(), List.of());
        }
    }

    /** The matches of a condition. */
    static List<HttpMatch> read(Fields condition) {
        return terms(condition, false).stream().map(Term::match).toList();
    }

    private static List<Term> terms(Fields condition, boolean not) {
        List<List<Term>> parts = new ArrayList<>();
        StringMatch method = method(condition);
        PathMatch path = path(condition);
        if (method != null) {
            parts.add(List.of(
                    not
                            ? new Term(List.of(), List.of(), List.of(), List.of(method))
                            : new Term(List.of(), List.of(), List.of(method), List.of())));
        }
        if (path != null) {
            parts.add(List.of(
                    not
                            ? new Term(List.of(), List.of(path), List.of(), List.of())
                            : new Term(List.of(path), List.of(), List.of(), List.of())));
        }
        List<List<Term>> all = nested(condition, "all", not);
        List<List<Term>> any = nested(condition, "any", not);
        // What must all hold is negated by one that does not, and the other way round.
        if (!all.isEmpty()) {
            parts.add(combine(condition, all, !not));
        }
        if (!any.isEmpty()) {
            parts.add(combine(condition, any, not));
        }
        Fields negated = condition.object("not");
        if (negated != null) {
            parts.add(terms(negated, !not));
        }
        condition.finish();
        if (parts.isEmpty()) {
            condition.error("", "is empty: give method, pathRegex, all, any or not");
            return List.of(Term.ANY);
        }
        return combine(condition, parts, !not);
    }

    private static List<List<Term>> nested(Fields condition, String name, boolean not) {
        List<List<Term>> nested = new ArrayList<>();
        for (Fields each : condition.objects(name)) {
            nested.add(terms(each, not));
        }
        return nested;
    }

    private static List<Term> combine(Fields condition, List<List<Term>> parts, boolean and) {
        List<Term> combined = and ? List.of(Term.ANY) : new ArrayList<>();
        for (List<Term> part : parts) {
            List<Term> next = new ArrayList<>();
            if (and) {
                for (Term one : combined) {
                    part.forEach(other -> next.add(one.and(other)));
                }
            } else {
                next.addAll(combined);
                next.addAll(part);
            }
            combined = next;
            if (combined.size() > MOST) {
                condition.error("", "has more than " + MOST + " alternatives when multiplied out: split the route");
                return List.of(Term.ANY);
            }
        }
        return combined;
    }

    private static @Nullable StringMatch method(Fields condition) {
        String method = condition.text("method");
        if (method == null) {
            return null;
        }
        if (!GatewayFields.isToken(method)) {
            condition.error("method", "\"" + method + "\" is no method");
        }
        return new StringMatch.Exact(method, true);
    }

    private static @Nullable PathMatch path(Fields condition) {
        String regex = condition.text("pathRegex");
        Pattern pattern = regex == null ? null : GatewayFields.regex(condition, "pathRegex", regex);
        return pattern == null ? null : new PathMatch.Regex(pattern);
    }
}
