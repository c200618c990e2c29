package io.culvert.core.mesh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the addresses of one network mean.
 *
 * @param owners the workload that an address belongs to
 * @param contested addresses that more than one workload claims: all claimants, the owner first
 * @param vips single addresses of services
 * @param ranges address ranges of services
 */
record NetworkIndex(
        HashTrie<Ip, Workload> owners,
        HashTrie<Ip, List<Workload>> contested,
        HashTrie<Ip, Candidates> vips,
        PrefixTable ranges) {
    static final NetworkIndex EMPTY =
            new NetworkIndex(HashTrie.empty(), HashTrie.empty(), HashTrie.empty(), PrefixTable.EMPTY);

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

    Edit edit() {
        return new Edit(this);
    }

    /** Makes the next version of one network. Owned by: a {@link MeshEditor}. */
    static final class Edit {
        private final HashTrie.Edit<Ip, Workload> owners;
        private final HashTrie.Edit<Ip, List<Workload>> contested;
        private final HashTrie.Edit<Ip, Candidates> vips;
        private PrefixTable ranges;

        private Edit(NetworkIndex base) {
            owners = base.owners.edit();
            contested = base.contested.edit();
            vips = base.vips.edit();
            ranges = base.ranges;
        }

        NetworkIndex done() {
            return new NetworkIndex(owners.done(), contested.done(), vips.done(), ranges);
        }

        @Nullable
        Workload owner(Ip ip) {
            return owners.get(ip);
        }

        /** Returns who owned the address before; null for nobody. */
        @CanIgnoreReturnValue
        @Nullable
        Workload claim(Ip ip, Workload workload) {
            Workload before = owners.replace(ip, workload);
            if (before != null) {
                owners.put(ip, before);
                List<Workload> all = others(ip, workload.uid());
                all.add(workload);
                claims(ip, all);
            }
            return before;
        }

        void unclaim(Ip ip, String uid) {
            claims(ip, others(ip, uid));
        }

        void add(Cidr range, Service service) {
            if (range.isSingle()) {
                vips.put(range.base(), Candidates.with(vips.get(range.base()), service));
            } else {
                ranges = ranges.with(range, service);
            }
        }

        void remove(Cidr range, String key) {
            if (!range.isSingle()) {
                ranges = ranges.without(range, key);
                return;
            }
            Candidates left = Candidates.without(vips.get(range.base()), key);
            if (left == null) {
                vips.remove(range.base());
            } else {
                vips.put(range.base(), left);
            }
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

        private void claims(Ip ip, List<Workload> all) {
            all.sort(CLAIM);
            if (all.size() > 1) {
                contested.put(ip, List.copyOf(all));
            } else {
                contested.remove(ip);
            }
            if (all.isEmpty()) {
                owners.remove(ip);
            } else {
                owners.put(ip, all.getFirst());
            }
        }
    }
}
