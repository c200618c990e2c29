package io.culvert.config;

import com.google.protobuf.ByteString;
import io.culvert.proto.node.Probe;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Pod. Immutable.
 *
 * @param node where it runs; "" before it is scheduled
 * @param addresses status.podIPs
 * @param terminal whether it has ended (Succeeded or Failed): its address may be another pod's already
 * @param ready the Ready condition; null when it is not given
 * @param portNames container ports that have a name, TCP only
 */
record PodResource(
        Meta meta,
        String node,
        String serviceAccount,
        boolean hostNetwork,
        List<ByteString> addresses,
        boolean terminal,
        @Nullable Boolean ready,
        Map<String, Integer> portNames,
        List<Probe> probes,
        CaptureExclusions exclusions)
        implements Resource {
    /** Whether it holds its addresses for itself. */
    boolean ownsAddresses() {
        return !hostNetwork && !terminal;
    }
}
