package io.culvert.core.mesh;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.culvert.proto.security.Action;
import io.culvert.proto.security.Authorization;
import io.culvert.proto.security.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An authorization, compiled. Two out of the same bytes are equal. Immutable.
 */
public final class Policy {
    private final String key;
    private final String namespace;
    private final Scope scope;
    private final Action action;
    private final boolean dryRun;
    /** As it came, not the message: its objects are four times as large, and only people ask for it. */
    private final ByteString source;

    private final Matcher matcher;
    /** Null for one that may match anybody. */
    private final @Nullable PolicyKeys keys;

    private final List<String> faults;
    /** Made once, so that a verdict costs nothing. */
    private final PolicyVerdict verdict;

    Policy(
            String key,
            String namespace,
            Scope scope,
            Action action,
            Authorization source,
            ByteString bytes,
            Matcher matcher,
            List<String> faults) {
        this.key = key;
        this.namespace = namespace;
        this.scope = scope;
        this.action = action;
        dryRun = source.getDryRun();
        this.source = bytes;
        this.matcher = matcher;
        this.faults = List.copyOf(faults);
        // What was not understood as a whole may match anybody.
        keys = faults.isEmpty() ? PolicyKeys.of(source) : null;
        verdict = new PolicyVerdict(
                action == Action.DENY ? PolicyVerdict.Reason.DENIED_BY : PolicyVerdict.Reason.ALLOWED_BY,
                key,
                List.of());
    }

    /** {@code namespace/name}, the resource name. */
    public String key() {
        return key;
    }

    /** The namespace whose workloads it selects when its scope is NAMESPACE. */
    public String namespace() {
        return namespace;
    }

    /** Whom it selects: everybody, its namespace, or the workloads that name it. */
    public Scope scope() {
        return scope;
    }

    /** ALLOW or DENY. */
    public Action action() {
        return action;
    }

    /** Whether it is only watched, not enforced. */
    public boolean dryRun() {
        return dryRun;
    }

    /** The resource as it came; made anew at each call. */
    public Authorization source() {
        try {
            return Authorization.parseFrom(source);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("what was written by protobuf is read by it", e);
        }
    }

    /** What of it could not be understood and was therefore compiled to deny; empty when all is well. */
    public List<String> faults() {
        return faults;
    }

    /** Whom it can match; null for anybody. */
    @Nullable
    PolicyKeys keys() {
        return keys;
    }

    boolean matches(PolicyContext connection) {
        return matcher.matches(connection);
    }

    PolicyVerdict verdict() {
        return verdict;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Policy that
                && key.equals(that.key)
                && faults.equals(that.faults)
                && source.equals(that.source);
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }

    @Override
    public String toString() {
        return action + " " + scope + " " + key + (dryRun() ? " (dry run)" : "");
    }
}
