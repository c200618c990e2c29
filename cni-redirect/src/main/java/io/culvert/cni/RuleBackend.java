package io.culvert.cni;

import io.culvert.core.linux.NetworkNamespace;
import java.util.List;

/**
 * A way to put rules into a namespace of this host. Any thread; every call runs tools and blocks for some 10 to 40 ms.
 * All calls are idempotent and touch nothing that is not ours.
 */
public interface RuleBackend {
    /** "nft", "iptables-nft" or "iptables-legacy". */
    String name();

    /** Whether the kernel tells of every change to rules of this kind, so that they need no reading while it is silent. */
    boolean toldOfChanges();

    /**
     * Makes the rules, the routing rule and the route of the namespace exactly {@code rules}, whatever of ours was there,
     * without a moment in which a new connection escapes; then reads them back.
     *
     * @param loaded is run after the last change and before the first reading: what was told by then is in what is read
     * @return what now stands there, for {@link #verify}
     * @throws CaptureException when that is not possible; a part of the rules may stand
     */
    Applied apply(NetworkNamespace namespace, RuleSet rules, Runnable loaded) throws CaptureException;

    /**
     * What is not as {@code applied} left it: empty when all is. Flushed, changed and foreign rules in our chains, extra
     * chains with our names, a missing routing rule or route are all found; what others have beside ours is theirs.
     */
    List<Drift> verify(NetworkNamespace namespace, Applied applied) throws CaptureException;

    /** Removes our rules, but not routing rule and route, which all backends share. */
    void removeRules(NetworkNamespace namespace) throws CaptureException;

    /** Removes all that is ours: nothing is redirected or kept alive any more. */
    void remove(NetworkNamespace namespace) throws CaptureException;

    /**
     * What {@link #apply} left in a namespace. Immutable.
     *
     * @param live what the tools say of our rules, normalised; the rules were counted against the model when it was made
     * @param ipv6 whether the namespace has IPv6
     */
    record Applied(RuleSet rules, String live, boolean ipv6) {}

    /** One thing that is not as it was left. */
    record Drift(Part part, String detail) {}

    /** What can go wrong in a namespace. */
    enum Part {
        RULES,
        ROUTE
    }
}
