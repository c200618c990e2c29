package io.culvert.core.mesh;

import io.culvert.identity.SpiffeId;
import io.culvert.identity.TrustDomain;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * One object for the many equal parts of a mesh: the identity, ports and policies of a deployment are those of all its
 * pods. What nobody uses any more is forgotten. Any thread; the threads of a control plane's stream use it, never a loop.
 */
final class Sharing {
    private static final Sharing ALL = new Sharing();

    private static final class Held extends WeakReference<Object> {
        final int hash;

        @Nullable
        Held next;

        Held(Object value, int hash, @Nullable Held next, ReferenceQueue<Object> gone) {
            super(value, gone);
            this.hash = hash;
            this.next = next;
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
        forget();
        if (held >= table.length) {
            grow();
        }
        int at = hash & table.length - 1;
        table[at] = new Held(value, hash, table[at], gone);
        held++;
    }

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
