package io.culvert.core.mesh;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * What the addresses of one network mean.
 *
 * @param owners the workload that an address belongs to
 * @param contested addresses that more than one workload claims: all claimants, the owner first
 * @param vips single addresses of services
 * @param ranges address ranges of services
 */
record NetworkIndex(
        PMap<Ip, Workload> owners, PMap<Ip, List<Workload>> contested, PMap<Ip, Candidates> vips, PrefixTable ranges) {
    static final NetworkIndex EMPTY =
            new NetworkIndex(HashTreePMap.empty(), HashTreePMap.empty(), HashTreePMap.empty(), PrefixTable.EMPTY);

    /** Highest rank first; between equals the uid decides, so that the order of arrival does not. */
    private static final Comparator<Workload> CLAIM =
            Comparator.comparingInt(Workload::addressRank).reversed().thenComparing(Workload::uid);

    boolean isEmpty() {
        return owners.isEmpty() && vips.isEmpty() && ranges.isEmpty();
    }

    @Nullable
    Service service(Ip vip, String clientNamespace) {
        Candidates exact = vips.get(vip);
        Service found = exact == null ? null : exact.best(clientNamespace);
        return found != null || ranges.isEmpty() ? found : ranges.find(vip, clientNamespace);
    }

    NetworkIndex claim(Ip ip, Workload workload) {
        return claims(ip, others(ip, workload.uid()), workload);
    }

    NetworkIndex unclaim(Ip ip, String uid) {
        return claims(ip, others(ip, uid), null);
    }

    NetworkIndex with(Cidr range, Service service) {
        return range.isSingle()
                ? withVips(vips.plus(range.base(), Candidates.with(vips.get(range.base()), service)))
                : new NetworkIndex(owners, contested, vips, ranges.with(range, service));
    }

    NetworkIndex without(Cidr range, String key) {
        if (!range.isSingle()) {
            return new NetworkIndex(owners, contested, vips, ranges.without(range, key));
        }
        Candidates left = Candidates.without(vips.get(range.base()), key);
        return withVips(left == null ? vips.minus(range.base()) : vips.plus(range.base(), left));
    }

    private NetworkIndex withVips(PMap<Ip, Candidates> changed) {
        return new NetworkIndex(owners, contested, changed, ranges);
    }

    private List<Workload> others(Ip ip, String uid) {
        List<Workload> claimants = contested.get(ip);
        if (claimants == null) {
            Workload owner = owners.get(ip);
            claimants = owner == null ? List.of() : List.of(owner);
        }
        List<Workload> others = new ArrayList<>(claimants);
        others.removeIf(w -> w.uid().equals(uid));
        return others;
    }

    private NetworkIndex claims(Ip ip, List<Workload> others, @Nullable Workload added) {
        if (added != null) {
            others.add(added);
        }
        if (others.isEmpty()) {
            return new NetworkIndex(owners.minus(ip), contested.minus(ip), vips, ranges);
        }
        others.sort(CLAIM);
        PMap<Ip, List<Workload>> shared =
                others.size() == 1 ? contested.minus(ip) : contested.plus(ip, List.copyOf(others));
        return new NetworkIndex(owners.plus(ip, others.getFirst()), shared, vips, ranges);
    }
}
