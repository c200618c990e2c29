package io.culvert.core.mesh;

import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One object for the many equal parts of a mesh: the identity, ports and policies of a deployment are those of all its
 * pods. What nobody uses any more is forgotten. Any thread; the threads of a control plane's stream use it, never a loop.
 */
final class Sharing {
    private static final Sharing ALL = new Sharing();

    private static class Held extends WeakReference<Object> {
        final int hash;

        @Nullable
        Held next;

        Held(Object value, int hash, @Nullable Held next, ReferenceQueue<Object> gone) {
            super(value, gone);
            this.hash = hash;
            this.next = next;
        }
    }

    /** What bytes are read as. */
    enum Kind {
        PORTS,
        POLICIES,
        LOCALITY
    }

    /** What was read from some bytes. */
    private static final class Read extends Held {
        final Kind kind;
        final byte[] from;

        Read(Kind kind, byte[] from, Object value, int hash, @Nullable Held next, ReferenceQueue<Object> gone) {
            super(value, hash, next, gone);
            this.kind = kind;
            this.from = from;
        }
    }

    private final ReferenceQueue<Object> gone = new ReferenceQueue<>();
    private @Nullable Held[] table = new Held[64];
    private int held;

    private Sharing() {}

    /** The one object that equals {@code value}. */
    @SuppressWarnings("unchecked") // an object equals only those of its own type here: lists, maps, records
    static <T> T one(T value) {
        return (T) ALL.find(value);
    }

    /** The identity of a service account, without making another one to ask with. */
    static SpiffeId identity(TrustDomain domain, String namespace, String account) {
        return ALL.findIdentity(domain, namespace, account);
    }

    /**
     * The one string of these ASCII characters, without making another one to ask with.
     *
     * @param hash as of the string
     */
    static String ascii(byte[] bytes, int from, int length, int hash) {
        return ALL.findAscii(bytes, from, length, hash);
    }

    /** What {@link #remember} was told that these bytes mean; null when nobody uses it any more, or it was not. */
    static @Nullable Object read(Kind kind, byte[] bytes, int from, int to) {
        return ALL.findRead(kind, bytes, from, to);
    }

    /** That these bytes mean {@code value}. */
    static void remember(Kind kind, byte[] bytes, int from, int to, Object value) {
        ALL.addRead(kind, Arrays.copyOfRange(bytes, from, to), value);
    }

    private synchronized String findAscii(byte[] bytes, int from, int length, int hash) {
        for (Held h = table[hash & table.length - 1]; h != null; h = h.next) {
            if (h.hash == hash && h.get() instanceof String known && is(known, bytes, from, length)) {
                return known;
            }
        }
        String text = new String(bytes, from, length, StandardCharsets.ISO_8859_1);
        add(text, hash);
        return text;
    }

    private static boolean is(String known, byte[] bytes, int from, int length) {
        if (known.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (known.charAt(i) != bytes[from + i]) {
                return false;
            }
        }
        return true;
    }

    private synchronized @Nullable Object findRead(Kind kind, byte[] bytes, int from, int to) {
        int hash = hash(kind, bytes, from, to);
        for (Held h = table[hash & table.length - 1]; h != null; h = h.next) {
            if (h.hash == hash
                    && h instanceof Read read
                    && read.kind == kind
                    && Arrays.equals(read.from, 0, read.from.length, bytes, from, to)) {
                return read.get();
            }
        }
        return null;
    }

    private synchronized void addRead(Kind kind, byte[] from, Object value) {
        int hash = hash(kind, from, 0, from.length);
        add(new Read(kind, from, value, hash, null, gone));
    }

    private static int hash(Kind kind, byte[] bytes, int from, int to) {
        int hash = kind.hashCode();
        for (int i = from; i < to; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash;
    }

    private synchronized Object find(Object value) {
        int hash = value.hashCode();
        for (Held h = table[hash & table.length - 1]; h != null; h = h.next) {
            if (h.hash == hash) {
                Object known = h.get();
                if (known != null && value.equals(known)) {
                    return known;
                }
            }
        }
        add(value, hash);
        return value;
    }

    private synchronized SpiffeId findIdentity(TrustDomain domain, String namespace, String account) {
        int hash = (domain.hashCode() * 31 + namespace.hashCode()) * 31 + account.hashCode();
        for (Held h = table[hash & table.length - 1]; h != null; h = h.next) {
            if (h.hash == hash && h.get() instanceof SpiffeId id && is(id, domain, namespace, account)) {
                return id;
            }
        }
        SpiffeId id = SpiffeId.forServiceAccount(domain, namespace, account);
        add(id, hash);
        return id;
    }

    private static boolean is(SpiffeId id, TrustDomain domain, String namespace, String account) {
        String path = id.path();
        int sa = 4 + namespace.length();
        return path.length() == sa + 4 + account.length()
                && path.startsWith(namespace, 4)
                && path.startsWith("/sa/", sa)
                && path.endsWith(account)
                && id.trustDomain().equals(domain);
    }

    private void add(Object value, int hash) {
        add(new Held(value, hash, null, gone));
    }

    private void add(Held next) {
        forget();
        if (held >= table.length) {
            grow();
        }
        int at = next.hash & table.length - 1;
        next.next = table[at];
        table[at] = next;
        held++;
    }

    @SuppressWarnings("ReferenceEquality") // the very entry
    private void forget() {
        for (Object reference = gone.poll(); reference != null; reference = gone.poll()) {
            Held dead = (Held) reference;
            int at = dead.hash & table.length - 1;
            Held before = null;
            for (Held h = table[at]; h != null; before = h, h = h.next) {
                if (h == dead) {
                    if (before == null) {
                        table[at] = h.next;
                    } else {
                        before.next = h.next;
                    }
                    held--;
                    break;
                }
            }
        }
    }

    private void grow() {
        @Nullable Held[] old = table;
        table = new Held[old.length * 2];
        for (Held head : old) {
            for (Held h = head; h != null; ) {
                Held next = h.next;
                int at = h.hash & table.length - 1;
                h.next = table[at];
                table[at] = h;
                h = next;
            }
        }
    }
}
