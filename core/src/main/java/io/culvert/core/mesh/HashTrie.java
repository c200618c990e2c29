package io.culvert.core.mesh;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A hash map whose versions share what did not change: a trie over the hash, 32 ways a level, entries and branches of a
 * node in one array. An entry costs some 20 bytes. Many changes at once go through an {@link Edit}, which copies each
 * node once. Immutable; neither keys nor values are null.
 */
public final class HashTrie<K, V> extends AbstractMap<K, V> {
    private static final HashTrie<?, ?> EMPTY = new HashTrie<>(TrieNode.EMPTY, 0);

    private final TrieNode root;
    private final int size;

    private HashTrie(TrieNode root, int size) {
        this.root = root;
        this.size = size;
    }

    /** The map without entries. */
    @SuppressWarnings("unchecked") // nothing is in it
    public static <K, V> HashTrie<K, V> empty() {
        return (HashTrie<K, V>) EMPTY;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    @SuppressWarnings("unchecked") // only put stores, and it takes a V
    public @Nullable V get(@Nullable Object key) {
        return key == null ? null : (V) root.find(TrieNode.spread(key), key);
    }

    @Override
    public boolean containsKey(@Nullable Object key) {
        return get(key) != null;
    }

    /** With {@code value} at {@code key}. */
    public HashTrie<K, V> plus(K key, V value) {
        return edit().put(key, value).done();
    }

    /** Without {@code key}. */
    public HashTrie<K, V> minus(K key) {
        return edit().remove(key).done();
    }

    /** An editor that begins with this map. */
    public Edit<K, V> edit() {
        return new Edit<>(this);
    }

    @Override
    public Set<Map.Entry<K, V>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Map.Entry<K, V>> iterator() {
                return new Entries<>(root);
            }

            @Override
            public int size() {
                return size;
            }
        };
    }

    /** Makes a next version step by step. Owned by: whoever made it. */
    public static final class Edit<K, V> {
        private HashTrie<K, V> base;
        private TrieNode root;
        private int size;
        private TrieNode.Editor owner = new TrieNode.Editor();

        private Edit(HashTrie<K, V> base) {
            this.base = base;
            root = base.root;
            size = base.size;
        }

        /** The value at {@code key}, the changes so far counted. */
        @SuppressWarnings("unchecked") // as in the map
        public @Nullable V get(K key) {
            return (V) root.find(TrieNode.spread(key), key);
        }

        /** How many entries there are now. */
        public int size() {
            return size;
        }

        @CanIgnoreReturnValue
        public Edit<K, V> put(K key, V value) {
            var _ = replace(key, value);
            return this;
        }

        /** As {@link #put}; returns what was there, null for nothing. */
        @SuppressWarnings("unchecked") // as in the map
        @Nullable
        V replace(K key, V value) {
            root = root.with(owner, 0, TrieNode.spread(key), key, value);
            V before = (V) owner.replaced;
            owner.replaced = null;
            if (before == null) {
                size++;
            }
            return before;
        }

        @CanIgnoreReturnValue
        public Edit<K, V> remove(K key) {
            int hash = TrieNode.spread(key);
            if (root.find(hash, key) != null) {
                size--;
                root = root.without(owner, 0, hash, key);
            }
            return this;
        }

        /** The map as it is now; the editor may go on, and does not change it any more. */
        public HashTrie<K, V> done() {
            if (changed()) {
                base = size == 0 ? empty() : new HashTrie<>(root, size);
                root = base.root;
                owner = new TrieNode.Editor();
            }
            return base;
        }

        @SuppressWarnings("ReferenceEquality") // an edit that changes anything leaves another root
        private boolean changed() {
            return root != base.root;
        }
    }

    private static final class Entries<K, V> implements Iterator<Map.Entry<K, V>> {
        private final ArrayDeque<TrieNode> left = new ArrayDeque<>();
        private @Nullable TrieNode node;
        private int at;

        Entries(TrieNode root) {
            left.push(root);
            advance();
        }

        /** To the next node that has entries. */
        private void advance() {
            node = null;
            at = 0;
            while (node == null && !left.isEmpty()) {
                TrieNode next = left.pop();
                for (int i = 0; i < next.branches(); i++) {
                    left.push(next.branch(i));
                }
                if (next.entries() > 0) {
                    node = next;
                }
            }
        }

        @Override
        public boolean hasNext() {
            return node != null;
        }

        @Override
        @SuppressWarnings("unchecked") // as in the map
        public Map.Entry<K, V> next() {
            TrieNode from = node;
            if (from == null) {
                throw new NoSuchElementException();
            }
            Map.Entry<K, V> entry = Map.entry((K) from.key(at), (V) from.value(at));
            if (++at == from.entries()) {
                advance();
            }
            return entry;
        }
    }
}
