package io.culvert.ztunnel;

import io.culvert.core.telemetry.Way;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One connection as the admin endpoint shows it. Immutable.
 *
 * @param pod uid of the pod whose listener took it
 * @param outbound whether that pod is the client
 * @param established false while it is being set up
 * @param identity the client's proved identity, null when it proved none
 * @param source the client
 * @param originalDestination where the client connected to
 * @param destination where the bytes go, null while that is not known
 * @param sent bytes from client to server
 * @param received bytes from server to client
 */
public record ConnectionView(
        String pod,
        boolean outbound,
        boolean established,
        Way way,
        @Nullable String identity,
        InetSocketAddress source,
        InetSocketAddress originalDestination,
        @Nullable InetSocketAddress destination,
        long sent,
        long received) {}
