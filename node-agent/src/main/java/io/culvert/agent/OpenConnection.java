package io.culvert.agent;

import org.jspecify.annotations.Nullable;

/**
 * A connection that a pod's proxy holds now, for admin pages. Immutable.
 *
 * @param uid workload uid of the local pod
 * @param inbound whether the local pod is the server
 * @param source address of the client
 * @param originalDestination where the client connected to
 * @param actualDestination where the bytes go
 * @param peer SPIFFE ID of the other side; null when it proved none
 */
record OpenConnection(
        String uid,
        boolean inbound,
        String way,
        String source,
        String originalDestination,
        String actualDestination,
        String protocol,
        @Nullable String peer,
        long sentBytes,
        long receivedBytes,
        long ageMillis) {}
