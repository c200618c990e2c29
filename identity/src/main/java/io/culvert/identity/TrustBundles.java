package io.culvert.identity;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The trust bundles that a workload accepts peers by, one for each trust domain. Immutable. */
public final class TrustBundles {
    private final Map<TrustDomain, TrustBundle> byDomain;

    private TrustBundles(Map<TrustDomain, TrustBundle> byDomain) {
        this.byDomain = Map.copyOf(byDomain);
    }

    /** Only this trust domain. */
    public static TrustBundles of(TrustBundle bundle) {
        return of(List.of(bundle));
    }

    /**
     * Several trust domains.
     *
     * @throws IllegalArgumentException if two bundles are of the same one
     */
    public static TrustBundles of(Collection<TrustBundle> bundles) {
        Map<TrustDomain, TrustBundle> byDomain = new HashMap<>();
        for (TrustBundle bundle : bundles) {
            if (byDomain.put(bundle.trustDomain(), bundle) != null) {
                throw new IllegalArgumentException("two trust bundles for trust domain " + bundle.trustDomain());
            }
        }
        return new TrustBundles(byDomain);
    }

    /** The bundle of that trust domain, or null when its identities are not accepted. */
    public @Nullable TrustBundle get(TrustDomain trustDomain) {
        return byDomain.get(trustDomain);
    }

    /** All of them, in no order. */
    public Collection<TrustBundle> all() {
        return byDomain.values();
    }

    @Override
    public String toString() {
        return byDomain.keySet().toString();
    }
}
