package io.culvert.core.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The persistent map against the JDK's, with hashes that are good, bad and equal. */
class HashTrieTest {
    /** A key whose hash is only as good as {@code spread} says. */
    record Key(int number, int spread) {
        @Override
        public int hashCode() {
            return number % spread;
        }
    }

    @ParameterizedTest(name = "keys with {0} hashes")
    @ValueSource(ints = {1, 3, 40, 1_000_000})
    void everyVersionKeepsWhatItHadWhileLaterOnesChange(int spread) {
        long seed = Long.getLong("culvert.seed", System.nanoTime());
        System.err.println("seed " + seed + " (repeat with -Dculvert.seed=" + seed + ")");
        Random random = new Random(seed);
        List<HashTrie<Key, Integer>> versions = new ArrayList<>();
        List<Map<Key, Integer>> expected = new ArrayList<>();
        HashTrie<Key, Integer> trie = HashTrie.empty();
        Map<Key, Integer> model = new HashMap<>();
        for (int round = 0; round < 200; round++) {
            HashTrie.Edit<Key, Integer> edit = trie.edit();
            for (int i = random.nextInt(20); i >= 0; i--) {
                Key key = new Key(random.nextInt(300), spread);
                if (random.nextInt(5) < 2) {
                    edit.remove(key);
                    model.remove(key);
                } else {
                    edit.put(key, round);
                    model.put(key, round);
                }
                assertThat(edit.get(key)).isEqualTo(model.get(key));
                assertThat(edit.size()).isEqualTo(model.size());
            }
            trie = edit.done();
            edit.put(new Key(-1, spread), -1);
            versions.add(trie);
            expected.add(new HashMap<>(model));
        }
        for (int i = 0; i < versions.size(); i++) {
            assertThat(versions.get(i)).isEqualTo(expected.get(i));
            assertThat(versions.get(i)).hasSameSizeAs(expected.get(i));
            for (int n = 0; n < 300; n++) {
                Key key = new Key(n, spread);
                assertThat(versions.get(i).get(key)).isEqualTo(expected.get(i).get(key));
            }
        }
    }

    @Test
    void whatIsPutAgainIsNoNewMap() {
        HashTrie<String, String> trie = HashTrie.<String, String>empty().plus("a", "1");
        String key = trie.keySet().iterator().next();
        assertThat(trie.plus(key, trie.values().iterator().next())).isSameAs(trie);
        assertThat(trie.minus("b")).isSameAs(trie);
        assertThat(trie.minus("a")).isSameAs(HashTrie.empty());
    }

    @Test
    void aVersionSharesAllButThePathToItsChange() {
        HashTrie.Edit<Integer, Integer> edit =
                HashTrie.<Integer, Integer>empty().edit();
        for (int i = 0; i < 100_000; i++) {
            edit.put(i, i);
        }
        HashTrie<Integer, Integer> large = edit.done();
        var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        large.plus(0, -1);
        long before = threads.getCurrentThreadAllocatedBytes();
        HashTrie<Integer, Integer> changed = large.plus(7, -7);
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(changed.get(7)).isEqualTo(-7);
        assertThat(large.get(7)).isEqualTo(7);
        assertThat(bytes).as("bytes for one change of 100,000 entries").isLessThan(4_096);
    }
}
