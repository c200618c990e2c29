package io.culvert.core.mesh;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Address ranges to the services that have them as VIP: one map per prefix length in use, longest first. A lookup costs
 * one probe per length in use, not per service. IPv4 ranges count as 96 bits more, which keeps the families apart.
 * Immutable.
 */
final class PrefixTable {
    static final PrefixTable EMPTY = new PrefixTable(new int[0], rows(0));

    private final int[] lengths;
    private final HashTrie<Ip, Candidates>[] rows;

    private PrefixTable(int[] lengths, HashTrie<Ip, Candidates>[] rows) {
        this.lengths = lengths;
        this.rows = rows;
    }

    /** In the client's namespace before longest prefix before canonical. */
    @Nullable
    Service find(Ip ip, String clientNamespace) {
        Service fallback = null;
        boolean v4 = ip.isIpv4();
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] < 96 && v4) {
                break;
            }
            Candidates candidates = rows[i].get(ip.masked(lengths[i]));
            if (candidates == null) {
                continue;
            }
            Service own = candidates.inNamespace(clientNamespace);
            if (own != null) {
                return own;
            }
            if (fallback == null) {
                fallback = candidates.best(clientNamespace);
            }
        }
        return fallback;
    }

    PrefixTable with(Cidr range, Service service) {
        int bits = bits(range);
        int at = row(bits);
        HashTrie<Ip, Candidates> row = at >= 0 ? rows[at] : HashTrie.empty();
        return set(bits, at, row.plus(range.base(), Candidates.with(row.get(range.base()), service)));
    }

    PrefixTable without(Cidr range, String key) {
        int bits = bits(range);
        int at = row(bits);
        if (at < 0) {
            return this;
        }
        Candidates left = Candidates.without(rows[at].get(range.base()), key);
        return set(bits, at, left == null ? rows[at].minus(range.base()) : rows[at].plus(range.base(), left));
    }

    boolean isEmpty() {
        return lengths.length == 0;
    }

    private int row(int bits) {
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] == bits) {
                return i;
            }
        }
        return -1;
    }

    private PrefixTable set(int bits, int at, HashTrie<Ip, Candidates> row) {
        if (at >= 0 && !row.isEmpty()) {
            HashTrie<Ip, Candidates>[] copy = rows.clone();
            copy[at] = row;
            return new PrefixTable(lengths, copy);
        }
        int[] nextLengths = at >= 0
                ? Arrays.stream(lengths).filter(l -> l != bits).toArray()
                : Arrays.copyOf(lengths, lengths.length + 1);
        if (at < 0) {
            int i = lengths.length;
            for (; i > 0 && nextLengths[i - 1] < bits; i--) {
                nextLengths[i] = nextLengths[i - 1];
            }
            nextLengths[i] = bits;
        }
        HashTrie<Ip, Candidates>[] nextRows = rows(nextLengths.length);
        for (int i = 0; i < nextLengths.length; i++) {
            int old = row(nextLengths[i]);
            nextRows[i] = old >= 0 ? rows[old] : row;
        }
        return new PrefixTable(nextLengths, nextRows);
    }

    private static int bits(Cidr range) {
        return range.base().isIpv4() ? 96 + range.length() : range.length();
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static HashTrie<Ip, Candidates>[] rows(int size) {
        return new HashTrie[size];
    }
}
