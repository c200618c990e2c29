package io.culvert.waypoint.cluster;

import io.culvert.core.mesh.Endpoint;
import io.culvert.core.mesh.Ip;
import io.culvert.core.mesh.Workload;
import io.culvert.core.route.LoadBalancer.Warmup;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint of a cluster as long as it is one, with everything that is known of how it does. It outlives route tables
 * and changes of its workload that leave its address and identity as they are. Any thread, except what says otherwise.
 */
final class Host {
    final String uid;
    /** {@code ip:port}. */
    final String address;

    final int targetPort;
    /** When it came, on the book's clock; what was there from the beginning has always been warm. */
    final long since;

    final boolean warm;
    final Latency latency = new Latency();
    /** Requests or connections of bytes that were given to it and are not over. */
    final AtomicInteger active = new AtomicInteger();

    final AtomicInteger serverErrors = new AtomicInteger();
    final AtomicInteger gatewayErrors = new AtomicInteger();
    final AtomicInteger localFailures = new AtomicInteger();

    private volatile Endpoint endpoint;
    private volatile boolean gone;
    private volatile boolean ejected;
    /** How many times the base time its next ejection lasts, less one. Guarded by the cluster's lock. */
    int backoff;
    /** Guarded by the cluster's lock. */
    long ejectedSince;

    /** Two for each loop: HTTP/1.1, HTTP/2. Each pair is owned by its loop. */
    private final @Nullable Pool[] pools;

    private @Nullable String token;

    Host(Endpoint endpoint, int targetPort, long since, boolean warm, int loops) {
        this.endpoint = endpoint;
        this.targetPort = targetPort;
        this.since = since;
        this.warm = warm;
        uid = endpoint.workload().uid();
        address = address(endpoint.workload(), targetPort);
        pools = new @Nullable Pool[2 * loops];
    }

    private static String address(Workload workload, int port) {
        if (workload.addresses().isEmpty()) {
            return workload.hostname() + ":" + port;
        }
        Ip ip = workload.addresses().getFirst();
        return ip.isIpv4() ? ip + ":" + port : "[" + ip + "]:" + port;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    void endpoint(Endpoint changed) {
        endpoint = changed;
    }

    /** Whether connections that were made to this host would be made in the same way to {@code other}. */
    boolean reachedAs(Endpoint other, int port) {
        Workload own = endpoint.workload();
        Workload now = other.workload();
        return port == targetPort
                && own.addresses().equals(now.addresses())
                && own.identity().equals(now.identity())
                && own.hostname().equals(now.hostname())
                && own.network().equals(now.network())
                && own.hbone() == now.hbone()
                && own.nativeTunnel() == now.nativeTunnel();
    }

    /** Whether it is an endpoint no more: nothing new goes to it. */
    boolean gone() {
        return gone;
    }

    void leave() {
        gone = true;
    }

    boolean ejected() {
        return ejected;
    }

    void ejected(boolean now) {
        ejected = now;
    }

    /** What is to be multiplied to its weight while it is new. */
    double warmth(Warmup warmup, long now) {
        double whole = warmup.duration().toNanos();
        double age = Math.max(0, now - since);
        if (warm || age >= whole) {
            return 1;
        }
        double aggression = warmup.aggression() > 0 ? warmup.aggression() : 1;
        return Math.max(Math.max(warmup.minimumPercent(), 0.1) / 100, Math.pow(age / whole, 1 / aggression));
    }

    /** Its pool on a loop; null when it has none. On that loop. */
    @Nullable
    Pool pool(int loop, boolean http2) {
        return pools[2 * loop + (http2 ? 1 : 0)];
    }

    void pool(int loop, boolean http2, Pool pool) {
        pools[2 * loop + (http2 ? 1 : 0)] = pool;
    }

    /** What names it to clients: the same in every waypoint, and tells nothing. */
    String token() {
        String known = token;
        if (known == null) {
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(uid.getBytes(StandardCharsets.UTF_8));
                known = Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, 15));
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every Java has SHA-256", e);
            }
            token = known;
        }
        return known;
    }

    @Override
    public String toString() {
        return uid + " at " + address;
    }
}
