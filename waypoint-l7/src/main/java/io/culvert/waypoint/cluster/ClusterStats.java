package io.culvert.waypoint.cluster;

import java.util.EnumMap;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What one cluster counts, over all loops. Any thread may read. */
public final class ClusterStats {
    /** What only grows. */
    public enum Count {
        /** Tries that got a connection. */
        REQUESTS,
        /** Those of them that were retries. */
        RETRIES,
        /** Connections that were asked for. */
        CONNECTIONS,
        CONNECT_FAILURES,
        CONNECT_TIMEOUTS,
        /** Connections that were not made, because of their limit; the request waits or is refused as pending. */
        CONNECTION_OVERFLOW,
        PENDING_OVERFLOW,
        REQUEST_OVERFLOW,
        RETRY_OVERFLOW,
        RETRY_BUDGET_EXCEEDED,
        NO_ENDPOINT,
        /** Endpoints that left or became unready, and were drained. */
        ENDPOINTS_DRAINED,
        EJECTIONS_CONSECUTIVE_5XX,
        EJECTIONS_GATEWAY_ERRORS,
        EJECTIONS_LOCAL_ORIGIN,
        /** Ejections that the largest share of ejected endpoints did not allow. */
        EJECTION_OVERFLOW
    }

    private final String cluster;
    /** Never changed after the constructor. */
    private final EnumMap<Count, LongAdder> counts = new EnumMap<>(Count.class);

    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger pending = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger retries = new AtomicInteger();
    final AtomicInteger ejected = new AtomicInteger();

    ClusterStats(String cluster) {
        this.cluster = cluster;
        for (Count count : Count.values()) {
            counts.put(count, new LongAdder());
        }
    }

    /** Key of the cluster: {@code serviceKey|port|subset}. */
    public String cluster() {
        return cluster;
    }

    /** How often something happened. */
    public long get(Count count) {
        return adder(count).sum();
    }

    /** Connections that are open or being made. */
    public int connections() {
        return connections.get();
    }

    /** Requests that wait for a connection. */
    public int pending() {
        return pending.get();
    }

    /** Requests under way. */
    public int requests() {
        return requests.get();
    }

    /** Retries under way or waiting. */
    public int retries() {
        return retries.get();
    }

    /** Endpoints that are ejected now. */
    public int ejected() {
        return ejected.get();
    }

    void count(Count count) {
        adder(count).increment();
    }

    /** Adds what {@code other} has counted. */
    void addCounts(ClusterStats other) {
        for (Count count : Count.values()) {
            adder(count).add(other.get(count));
        }
    }

    /** Adds what is under way at {@code other}. */
    void addGauges(ClusterStats other) {
        connections.addAndGet(other.connections());
        pending.addAndGet(other.pending());
        requests.addAndGet(other.requests());
        retries.addAndGet(other.retries());
        ejected.addAndGet(other.ejected());
    }

    private LongAdder adder(Count count) {
        return Objects.requireNonNull(counts.get(count));
    }

    /** Adds one to a gauge unless that would go over {@code limit}. */
    static boolean take(AtomicInteger gauge, int limit) {
        if (limit == Integer.MAX_VALUE) {
            gauge.getAndIncrement();
            return true;
        }
        int now = gauge.get();
        while (now < limit) {
            int seen = gauge.compareAndExchange(now, now + 1);
            if (seen == now) {
                return true;
            }
            now = seen;
        }
        return false;
    }

    @Override
    public String toString() {
        return cluster + ": " + connections + " connections, " + requests + " requests, " + pending + " pending";
    }
}
