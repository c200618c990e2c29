package io.culvert.config;

import io.culvert.config.ReadResult.Entry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who says what one resource is, in the order in which they came; the first counts. Owned by: the store. */
final class Claims {
    /** One place that defines the resource. */
    record Id(ResourceKey key, String file, int number) {}

    private static final class Claim {
        private Entry entry;
        private @Nullable Resource lastGood;
        private boolean held;

        private Claim(Entry entry) {
            this.entry = entry;
        }

        private void update(Entry entry) {
            this.entry = entry;
            held = false;
            if (entry.good() != null) {
                lastGood = entry.good();
            }
        }

        private @Nullable Resource effective() {
            return lastGood != null ? lastGood : entry.closed();
        }
    }

    private final ResourceKey key;
    private final String rootNamespace;
    private final Map<Id, Claim> claims = new LinkedHashMap<>();

    Claims(ResourceKey key, String rootNamespace) {
        this.key = key;
        this.rootNamespace = rootNamespace;
    }

    void put(Id id, Entry entry) {
        claims.computeIfAbsent(id, _ -> new Claim(entry)).update(entry);
    }

    /** The place can no longer be read: what it said stays. */
    void hold(Id id) {
        Claim claim = claims.get(id);
        if (claim != null) {
            claim.held = true;
        }
    }

    void remove(Id id) {
        claims.remove(id);
    }

    boolean contains(Id id) {
        return claims.containsKey(id);
    }

    /** Whether this place has ever said something good. */
    boolean wasGood(Id id) {
        Claim claim = claims.get(id);
        return claim != null && claim.lastGood != null;
    }

    /** Whether what stands there now is refused, whatever counts instead. */
    boolean isRefused() {
        for (Claim claim : claims.values()) {
            return !claim.held && claim.entry.good() == null && !claim.entry.nameless();
        }
        return false;
    }

    boolean isEmpty() {
        return claims.isEmpty();
    }

    @Nullable
    Resource effective() {
        for (Claim claim : claims.values()) {
            return claim.effective();
        }
        return null;
    }

    /** What is to be said about duplicates and about refusals. */
    List<Diagnostic> diagnostics() {
        List<Diagnostic> found = new ArrayList<>();
        Claim first = null;
        for (Claim claim : claims.values()) {
            if (first == null) {
                first = claim;
                consequence(claim, found);
            } else {
                found.add(diagnostic(
                        Severity.ERROR,
                        claim,
                        "is defined already at " + first.entry.origin() + ", which stays: remove one of the two"));
            }
        }
        return found;
    }

    private void consequence(Claim claim, List<Diagnostic> found) {
        if (claim.held) {
            found.add(diagnostic(
                    Severity.WARNING,
                    claim,
                    "its file has a document that cannot be read, perhaps this one: the last good version stays"));
        } else if (claim.entry.good() == null) {
            found.add(diagnostic(Severity.ERROR, claim, "refused: " + consequence(claim)));
        }
    }

    private String consequence(Claim claim) {
        if (claim.lastGood != null) {
            return "the last good version stays until the errors are corrected";
        }
        Resource closed = claim.entry.closed();
        return switch (closed) {
            case null -> "it counts as absent until the errors are corrected";
            case AuthorizationPolicyResource policy
            when policy.targeted() ->
                "there is no earlier good version, so waypoints deny all requests to what it targets until the errors are "
                        + "corrected";
            case AuthorizationPolicyResource policy
            when policy.dryRun() ->
                "it is a dry run, and counts what it selects as denied until the errors are corrected";
            case PolicyResource policy ->
                "there is no earlier good version, so " + scope(policy) + " is denied all traffic until the errors are "
                        + "corrected";
            default ->
                "there is no earlier good version, so all pods of namespace "
                        + claim.entry.key().namespace() + " count as selected until the errors are corrected";
        };
    }

    private String scope(PolicyResource policy) {
        String namespace = policy.meta().namespace();
        boolean root = namespace.equals(rootNamespace);
        if (policy.selector().isEmpty()) {
            return root ? "the whole mesh (" + namespace + " is the root namespace)" : "namespace " + namespace;
        }
        return root ? "what it selects in any namespace" : "what it selects in namespace " + namespace;
    }

    private Diagnostic diagnostic(Severity severity, Claim claim, String message) {
        Origin origin = claim.entry.origin();
        String label = claim.entry.nameless() ? key.kind().label() + " " + key.namespace() + "/?" : key.toString();
        return new Diagnostic(severity, origin.file(), origin.line(), label, "", message);
    }
}
