package io.culvert.core.mesh;

import org.jspecify.annotations.Nullable;

/**
 * A node of a {@link HashTrie}: entries as key and value from the front of the array, branches from its end. Below the
 * last bit of the hash it is a plain list of entries with equal hashes. Changed in place only by the editor that made it
 * and has not handed it out.
 */
@SuppressWarnings("ReferenceEquality") // whether it is the very object is what decides about copies
final class TrieNode {
    /** Whoever has this may change a node in place. */
    static final class Editor {
        /** The value that the last {@link #with} replaced; null when the key was new. */
        @Nullable
        Object replaced;
    }

    static final TrieNode EMPTY = new TrieNode(null, 0, 0, new Object[0]);

    private static final int BITS = 5;
    private static final int MASK = (1 << BITS) - 1;
    private static final int END = 35;

    private final @Nullable Editor owner;
    /** Which of the 32 places hold an entry; in a list of equal hashes the number of entries. */
    private int entryMap;

    private int branchMap;
    private Object[] slots;

    private TrieNode(@Nullable Editor owner, int entryMap, int branchMap, Object[] slots) {
        this.owner = owner;
        this.entryMap = entryMap;
        this.branchMap = branchMap;
        this.slots = slots;
    }

    /** The hash of {@code key}, its bits mixed: addresses of one range differ in few. */
    static int spread(Object key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return hash ^ hash >>> 16;
    }

    int entries() {
        return (slots.length - branches()) / 2;
    }

    int branches() {
        return Integer.bitCount(branchMap);
    }

    Object key(int i) {
        return slots[2 * i];
    }

    Object value(int i) {
        return slots[2 * i + 1];
    }

    TrieNode branch(int i) {
        return (TrieNode) slots[slots.length - 1 - i];
    }

    @Nullable
    Object find(int hash, Object key) {
        TrieNode node = this;
        for (int shift = 0; shift < END; shift += BITS) {
            int bit = bit(hash, shift);
            if ((node.entryMap & bit) != 0) {
                int i = index(node.entryMap, bit);
                return node.key(i).equals(key) ? node.value(i) : null;
            }
            if ((node.branchMap & bit) == 0) {
                return null;
            }
            node = node.branch(index(node.branchMap, bit));
        }
        int i = node.inList(key);
        return i < 0 ? null : node.value(i);
    }

    /** Says in {@code editor} what it replaced. */
    TrieNode with(Editor editor, int shift, int hash, Object key, Object value) {
        if (shift >= END) {
            int i = inList(key);
            editor.replaced = i < 0 ? null : value(i);
            return i < 0
                    ? changed(editor, entryMap + 1, branchMap, inserted(2 * entries(), key, value))
                    : replaced(editor, 2 * i, key).replaced(editor, 2 * i + 1, value);
        }
        int bit = bit(hash, shift);
        if ((branchMap & bit) != 0) {
            int at = slots.length - 1 - index(branchMap, bit);
            TrieNode old = (TrieNode) slots[at];
            TrieNode next = old.with(editor, shift + BITS, hash, key, value);
            return next == old ? this : replaced(editor, at, next);
        }
        int i = index(entryMap, bit);
        if ((entryMap & bit) == 0) {
            editor.replaced = null;
            return changed(editor, entryMap | bit, branchMap, inserted(2 * i, key, value));
        }
        if (key(i).equals(key)) {
            editor.replaced = value(i);
            // The key too: it is often part of the value, and the old one's memory ends with the old value.
            return replaced(editor, 2 * i, key).replaced(editor, 2 * i + 1, value);
        }
        TrieNode below = new TrieNode(editor, 0, 0, EMPTY.slots)
                .with(editor, shift + BITS, spread(key(i)), key(i), value(i))
                .with(editor, shift + BITS, hash, key, value);
        return changed(editor, entryMap & ~bit, branchMap | bit, entryToBranch(i, index(branchMap, bit), below));
    }

    /** Only for a key that is there. */
    TrieNode without(Editor editor, int shift, int hash, Object key) {
        if (shift >= END) {
            return changed(editor, entryMap - 1, branchMap, removed(2 * inList(key)));
        }
        int bit = bit(hash, shift);
        if ((entryMap & bit) != 0) {
            return changed(editor, entryMap & ~bit, branchMap, removed(2 * index(entryMap, bit)));
        }
        int b = index(branchMap, bit);
        TrieNode old = branch(b);
        TrieNode next = old.without(editor, shift + BITS, hash, key);
        if (next.branchMap == 0 && next.slots.length == 2) {
            // A branch of one entry is an entry: equal maps have one shape, and paths stay short.
            return changed(editor, entryMap | bit, branchMap & ~bit, branchToEntry(b, index(entryMap, bit), next));
        }
        return next == old ? this : replaced(editor, slots.length - 1 - b, next);
    }

    private TrieNode changed(Editor editor, int entries, int branches, Object[] next) {
        if (owner != editor) {
            return new TrieNode(editor, entries, branches, next);
        }
        entryMap = entries;
        branchMap = branches;
        slots = next;
        return this;
    }

    private TrieNode replaced(Editor editor, int at, Object value) {
        if (slots[at] == value) {
            return this;
        }
        if (owner != editor) {
            Object[] copy = slots.clone();
            copy[at] = value;
            return new TrieNode(editor, entryMap, branchMap, copy);
        }
        slots[at] = value;
        return this;
    }

    private Object[] inserted(int at, Object key, Object value) {
        Object[] next = new Object[slots.length + 2];
        System.arraycopy(slots, 0, next, 0, at);
        next[at] = key;
        next[at + 1] = value;
        System.arraycopy(slots, at, next, at + 2, slots.length - at);
        return next;
    }

    private Object[] removed(int at) {
        Object[] next = new Object[slots.length - 2];
        System.arraycopy(slots, 0, next, 0, at);
        System.arraycopy(slots, at + 2, next, at, next.length - at);
        return next;
    }

    /** Entry {@code e} leaves, a branch comes as number {@code b}. */
    private Object[] entryToBranch(int e, int b, TrieNode branch) {
        Object[] without = removed(2 * e);
        int at = without.length - b;
        Object[] next = new Object[without.length + 1];
        System.arraycopy(without, 0, next, 0, at);
        next[at] = branch;
        System.arraycopy(without, at, next, at + 1, without.length - at);
        return next;
    }

    /** Branch {@code b} leaves, its only entry comes as number {@code e}. */
    private Object[] branchToEntry(int b, int e, TrieNode branch) {
        int gone = slots.length - 1 - b;
        Object[] without = new Object[slots.length - 1];
        System.arraycopy(slots, 0, without, 0, gone);
        System.arraycopy(slots, gone + 1, without, gone, without.length - gone);
        Object[] next = new Object[without.length + 2];
        System.arraycopy(without, 0, next, 0, 2 * e);
        next[2 * e] = branch.key(0);
        next[2 * e + 1] = branch.value(0);
        System.arraycopy(without, 2 * e, next, 2 * e + 2, without.length - 2 * e);
        return next;
    }

    private int inList(Object key) {
        for (int i = entries() - 1; i >= 0; i--) {
            if (key(i).equals(key)) {
                return i;
            }
        }
        return -1;
    }

    private static int bit(int hash, int shift) {
        return 1 << (hash >>> shift & MASK);
    }

    private static int index(int map, int bit) {
        return Integer.bitCount(map & (bit - 1));
    }
}
