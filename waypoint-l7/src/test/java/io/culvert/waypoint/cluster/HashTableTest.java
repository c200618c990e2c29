package io.culvert.waypoint.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.PortMap;
import io.culvert.core.mesh.Workload;
import io.culvert.identity.SpiffeId;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HashTableTest {
    private static final SpiffeId ID = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/b");
    private static final long SEED = System.nanoTime();
    private static final int HASHES = 100_000;

    private static Host[] hosts(int count) {
        Host[] hosts = new Host[count];
        for (int i = 0; i < count; i++) {
            Workload workload = Workload.builder("Kubernetes//Pod/ns/pod-" + i, ID)
                    .address(Ip.ofIpv4(0x0a00_0000L + i))
                    .build();
            hosts[i] = new Host(new Endpoint(workload, PortMap.of(80, 8080)), 8080, 0, true, 1);
        }
        return hosts;
    }

    private static int[] even(int count) {
        int[] weights = new int[count];
        Arrays.fill(weights, 1);
        return weights;
    }

    private static int[] owners(HashTable table) {
        Random random = new Random(SEED);
        int[] owners = new int[HASHES];
        for (int i = 0; i < HASHES; i++) {
            owners[i] = table.host(table.slot(random.nextLong()));
        }
        return owners;
    }

    private static double[] shares(int[] owners, int hosts) {
        double[] shares = new double[hosts];
        for (int owner : owners) {
            shares[owner] += 1.0 / owners.length;
        }
        return shares;
    }

    @Test
    void maglevGivesEqualHostsEqualShares() {
        double[] shares = shares(owners(new MaglevTable(hosts(10), even(10), 65_537)), 10);
        for (double share : shares) {
            assertThat(share).as("seed %s", SEED).isBetween(0.092, 0.108);
        }
    }

    @Test
    void maglevGivesWeightedHostsTheirShares() {
        double[] shares = shares(owners(new MaglevTable(hosts(3), new int[] {1, 2, 5}, 65_537)), 3);
        assertThat(shares[0]).as("seed %s", SEED).isBetween(0.115, 0.135);
        assertThat(shares[1]).as("seed %s", SEED).isBetween(0.24, 0.26);
        assertThat(shares[2]).as("seed %s", SEED).isBetween(0.61, 0.64);
    }

    @Test
    void aRingWithManyPointsGivesNearlyEqualShares() {
        double[] shares = shares(owners(new HashRing(hosts(10), even(10), 65_536)), 10);
        for (double share : shares) {
            assertThat(share).as("seed %s", SEED).isBetween(0.09, 0.11);
        }
    }

    @Test
    void aRingHasAtLeastItsMinimumOfPointsAndThemByWeight() {
        assertThat(new HashRing(hosts(3), even(3), 1024).size()).isBetween(1024, 1026);
        HashRing ring = new HashRing(hosts(2), new int[] {1, 3}, 1024);
        int light = 0;
        for (int slot = 0; slot < ring.size(); slot++) {
            light += ring.host(slot) == 0 ? 1 : 0;
        }
        assertThat(light).isEqualTo(ring.size() / 4);
    }

    @Test
    void aHostThatLeavesTheRingMovesOnlyItsOwnHashes() {
        int[] before = owners(new HashRing(hosts(10), even(10), 1024));
        int[] after = owners(new HashRing(hosts(9), even(9), 1024));
        // The ring of nine is a little smaller in total, but has the same points for each host, give or take one in
        // ten.
        int moved = 0;
        for (int i = 0; i < before.length; i++) {
            moved += before[i] != 9 && before[i] != after[i] ? 1 : 0;
        }
        assertThat(moved).as("of %s, seed %s", HASHES, SEED).isLessThan(HASHES * 15 / 100);
    }

    @Test
    void aHostThatLeavesMaglevMovesFewHashesOfOthers() {
        int[] before = owners(new MaglevTable(hosts(10), even(10), 65_537));
        int[] after = owners(new MaglevTable(hosts(9), even(9), 65_537));
        int moved = 0;
        for (int i = 0; i < before.length; i++) {
            moved += before[i] != 9 && before[i] != after[i] ? 1 : 0;
        }
        assertThat(moved).as("of %s, seed %s", HASHES, SEED).isLessThan(HASHES * 4 / 100);
    }

    @Test
    void aMaglevTableOfASizeThatIsNotPrimeTakesTheNextPrime() {
        assertThat(new MaglevTable(hosts(3), even(3), 100).size()).isEqualTo(101);
        assertThat(new MaglevTable(hosts(3), even(3), 101).size()).isEqualTo(101);
        assertThat(new MaglevTable(hosts(0), even(0), 101).size()).isZero();
        assertThat(new HashRing(hosts(0), even(0), 101).size()).isZero();
    }
}
